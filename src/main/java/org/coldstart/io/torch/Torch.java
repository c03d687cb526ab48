package org.coldstart.io.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import com.sun.jna.Function;
import com.sun.jna.Platform;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The PyTorch engine of this JVM: its device, its threads, and where tensors come from.
 *
 * <pre>{@code
 * try (NDManager step = Torch.newManager()) {
 *   NDArray ids = step.create(new long[] {1, 2, 3}, new Shape(1, 3));
 * } // everything made in the step is freed here
 * }</pre>
 */
public final class Torch {

  private static final NDManager ROOT = start();

  private Torch() {}

  private static NDManager start() {
    // DJL would otherwise look for libraries and report usage over the network.
    System.setProperty("ai.djl.offline", System.getProperty("ai.djl.offline", "true"));
    waitInTurn();
    Engine engine = Engine.getEngine("PyTorch");
    // The profiling executor recompiles a method for every new shape; texts have many lengths.
    JniUtils.setGraphExecutorOptimize(false);
    NDManager root = engine.newBaseManager();
    keepFreedMemory(root);
    return root;
  }

  /**
   * A thread of libgomp that waits for another one runs in a loop for some milliseconds before it sleeps. Where another
   * process takes one of two processors, that loop may hold the one that the awaited thread needs, and a pass takes up
   * to ten times as long. A thousand rounds, some 30 µs, cost nothing measurable on an idle machine. libgomp reads the
   * variable when libtorch is loaded; a setting of the user's stays.
   */
  private static void waitInTurn() {
    if (Platform.isLinux() && System.getenv("OMP_WAIT_POLICY") == null) {
      Function.getFunction("c", "setenv").invoke(new Object[] {"GOMP_SPINCOUNT", "1000", 0});
    }
  }

  /**
   * glibc returns a freed block to the kernel if it is larger than all those freed before, up to 32 MiB (mallopt(3),
   * M_MMAP_THRESHOLD). What one step frees the next one needs, and fresh pages are slow, so one block of that size is
   * freed now.
   */
  private static void keepFreedMemory(NDManager root) {
    root.create(new Shape(33_000_000), DataType.UINT8, Device.cpu()).close();
  }

  /** A manager for tensors that live until it is closed; the caller closes it. */
  public static NDManager newManager() {
    return ROOT.newSubManager();
  }

  /** The device tensors are made on: the first GPU if there is one, the CPU otherwise. */
  public static Device device() {
    return ROOT.getDevice();
  }

  /** Seeds torch's random numbers on all devices, as {@code torch.manual_seed} does. */
  public static void seed(long seed) {
    JniUtils.setSeed(seed);
  }

  /** The number of threads an operation on the CPU is spread over. */
  public static int threads() {
    return JniUtils.getNumThreads();
  }

  /** What Linux says of the first processor, its name and its instructions among it; empty on other systems. */
  public static String processor() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines.takeWhile(line -> !line.isBlank()).collect(Collectors.joining("\n"));
    } catch (IOException | UncheckedIOException e) {
      return "";
    }
  }

  static NDManager root() {
    return ROOT;
  }
}
