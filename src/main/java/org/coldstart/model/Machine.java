package org.coldstart.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.coldstart.io.torch.Torch;

/**
 * What this process uses of the machine: processor threads, and resident memory, tensors (which live outside the Java
 * heap) and JVM together, from {@code /proc/self/status}; empty on systems without it.
 */
public final class Machine {

  private Machine() {}

  /** The number of threads an operation on the CPU is spread over. */
  public static int threads() {
    return Torch.threads();
  }

  /** Bytes resident now. */
  public static OptionalLong residentBytes() {
    return kibibytes("VmRSS:");
  }

  /** The most bytes that were resident at once since the process started, or since {@link #restartPeak}. */
  public static OptionalLong peakResidentBytes() {
    return kibibytes("VmHWM:");
  }

  /**
   * Resets the peak, so that several runs in one process can be measured apart:
   *
   * <pre>{@code
   * OptionalLong before = Machine.restartPeak();
   * trainer.train();
   * long more = Machine.peakResidentBytes().getAsLong() - before.getAsLong();
   * }</pre>
   *
   * <p>
   * Memory that was freed but that the allocator keeps is resident still, so a later run may seem to need less.
   *
   * @return the bytes resident now; empty where the system does not let the peak be reset
   */
  public static OptionalLong restartPeak() {
    try {
      Files.writeString(Path.of("/proc/self/clear_refs"), "5", StandardOpenOption.WRITE); // see proc(5)
      return residentBytes();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  private static OptionalLong kibibytes(String key) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines.filter(line -> line.startsWith(key))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
        .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }
}
