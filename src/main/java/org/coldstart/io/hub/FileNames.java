package org.coldstart.io.hub;

import java.util.regex.Pattern;
import org.coldstart.io.hub.HubException.Reason;

/** Names of files as a server gives them, which are not to be trusted. */
final class FileNames {
  /**
   * Relative, with {@code /} between parts that are neither empty nor {@code .} nor {@code ..}, and
   * without what Windows reads as a drive, a stream or a separator.
   */
  private static final Pattern SAFE =
      Pattern.compile(
          "(?!\\.{1,2}(/|$))[^/\\\\:\\p{Cntrl}]+(/(?!\\.{1,2}(/|$))[^/\\\\:\\p{Cntrl}]+)*");

  private FileNames() {}

  /**
   * Returns the name.
   *
   * @throws HubException if the name could lead out of the repository's folder, on any system
   */
  static String checked(String file) {
    if (!SAFE.matcher(file).matches()) {
      throw new HubException(
          Reason.DAMAGED,
          "The hub lists a file named '"
              + file.replaceAll("\\p{Cntrl}", "?")
              + "', which may lead out of the repository's folder: do not use this repository.");
    }
    return file;
  }
}
