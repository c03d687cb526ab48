package org.coldstart.hub;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A repository on the hub at one revision, and the addresses and folder names that follow from it.
 *
 * @param kind model or data set
 * @param name {@code owner/name}
 * @param revision branch, tag or commit; {@code main} by default
 */
public record HubRepository(Kind kind, String name, String revision) {
  /** The two kinds of repositories read here. */
  public enum Kind {
    /** Weights, configuration, tokenizer. */
    MODEL("model", "models", ""),
    /** Rows. */
    DATA_SET("data set", "datasets", "datasets/");

    private final String label;
    private final String plural;
    private final String pagePrefix;

    Kind(String label, String plural, String pagePrefix) {
      this.label = label;
      this.plural = plural;
      this.pagePrefix = pagePrefix;
    }

    @Override
    public String toString() {
      return label;
    }
  }

  private static final Pattern NAME =
      Pattern.compile("([A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*)(?:@([\\w./-]+))?");

  /**
   * Reads {@code owner/name} or {@code owner/name@revision}; empty when the text has another form.
   */
  public static Optional<HubRepository> parse(Kind kind, String text) {
    Matcher matcher = NAME.matcher(text);
    if (!matcher.matches() || text.contains("..")) {
      return Optional.empty();
    }
    String revision = matcher.group(2);
    return Optional.of(
        new HubRepository(kind, matcher.group(1), revision == null ? "main" : revision));
  }

  /** The same repository at another revision. */
  public HubRepository at(String otherRevision) {
    return new HubRepository(kind, name, otherRevision);
  }

  /** Folder in the cache, as Python names it: {@code models--owner--name}. */
  String folderName() {
    return kind.plural + "--" + name.replace("/", "--");
  }

  /** Path of the description that lists the files. */
  String apiPath() {
    return "/api/" + kind.plural + "/" + name + "/revision/" + encode(revision, false);
  }

  /** Path of one file's content at a commit. */
  String filePath(String commit, String file) {
    return pagePath() + "/resolve/" + encode(commit, false) + "/" + encode(file, true);
  }

  /** Path of the page a person reads. */
  String pagePath() {
    return "/" + kind.pagePrefix + name;
  }

  @Override
  public String toString() {
    return kind + " " + name + (revision.equals("main") ? "" : " at revision " + revision);
  }

  private static String encode(String text, boolean keepSlash) {
    StringBuilder encoded = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      boolean plain =
          b >= '0' && b <= '9'
              || b >= 'a' && b <= 'z'
              || b >= 'A' && b <= 'Z'
              || "-_.~".indexOf(b) >= 0
              || keepSlash && b == '/';
      encoded.append(plain ? String.valueOf((char) b) : "%%%02X".formatted(b & 0xff));
    }
    return encoded.toString();
  }
}
