package org.coldstart.tools.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.coldstart.io.torch.DecoderOps;
import org.coldstart.io.torch.Precision;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The fastest matrix product seen on this machine: what the share of the peak is a share of. */
@Command(name = "gemm", description = "Measures large matrix products.")
final class BenchGemm implements Callable<Integer> {

  private static final int[] SIZES = {1024, 2048, 4096};

  @Option(names = "--precision", defaultValue = "F32", description = "${COMPLETION-CANDIDATES}")
  private Precision precision;

  @Option(names = "--products", defaultValue = "6", description = "of each size")
  private int products;

  @Option(names = "--out", required = true)
  private Path out;

  @Override
  public Integer call() {
    double best = 0;
    for (int size : SIZES) {
      best = Math.max(best, flopsPerSecond(size));
    }
    new Figures().put("flops_per_second", best).write(out);
    return 0;
  }

  private double flopsPerSecond(int size) {
    try (NDManager manager = Torch.newManager()) {
      NDArray x = operand(manager, size);
      NDArray weight = operand(manager, size);
      double least = Double.MAX_VALUE;
      for (int i = 0; i < products; i++) {
        long start = System.nanoTime();
        // Under F32 the product runs in the weight's own type, so that no cast is timed.
        DecoderOps.linear(x, weight, null, false).close();
        least = Math.min(least, (System.nanoTime() - start) / 1e9);
      }
      return 2.0 * size * size * size / least;
    }
  }

  private NDArray operand(NDManager manager, int size) {
    NDArray values = manager.randomNormal(new Shape(size, size));
    return precision == Precision.BF16 ? TorchOps.toBf16(values) : values;
  }
}
