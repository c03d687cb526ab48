package org.coldstart.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The resident memory of this process, tensors and JVM together, as the operating system counts it.
 *
 * <p>Tensors live outside the Java heap, so the JVM's own figures say nothing about them. Read from
 * {@code /proc/self/status}; empty on systems without it.
 */
public final class Memory {

  private static final Path STATUS = Path.of("/proc/self/status");

  private Memory() {}

  /** Bytes resident now. */
  public static OptionalLong residentBytes() {
    return kibibytes("VmRSS:");
  }

  /** The most bytes that were resident at once since the process started. */
  public static OptionalLong peakResidentBytes() {
    return kibibytes("VmHWM:");
  }

  private static OptionalLong kibibytes(String key) {
    try (Stream<String> lines = Files.lines(STATUS)) {
      return lines
          .filter(line -> line.startsWith(key))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }
}
