package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.coldstart.model.Gradients;
import org.coldstart.io.torch.Autograd;
import org.coldstart.io.torch.OptimizerOps;
import org.coldstart.io.torch.Torch;

/**
 * AdamW with 8-bit state (Dettmers et al., 2022; bitsandbytes' AdamW8bit): both moments lie as one
 * byte a value, a share of the largest value in their block of 256, and are widened to f32 for a
 * step, some hundred thousand at a time. A quarter of the memory of f32 state. Small tensors stay
 * in f32, as in bitsandbytes; embeddings do not, for here they are a fifth of the model.
 */
final class AdamW8Bit implements Optimizer {

  static final int BLOCK = 256;

  /** Tensors with fewer values keep f32 state. */
  static final int LEAST = 4096;

  /**
   * Values updated at a time: few enough that what is computed with them stays in a core's cache,
   * and that torch does not spread an operation over threads, which then wait for each other more
   * than they work. The tasks are spread instead.
   */
  private static final long CHUNK = 1 << 14;

  private static final long TASK = 1 << 20;

  private final NDManager manager = Torch.newManager();
  private final SftConfig config;
  private final NDArray[] means = tables(DynamicCode.signed());
  private final NDArray[] squares = tables(DynamicCode.unsigned());
  private final List<Part> parts = new ArrayList<>();
  private final Map<String, NDArray> state = new LinkedHashMap<>();
  private final AdamW small;
  private int steps;

  /** A parameter with its codes and its blocks' largest values, all flat. */
  private record Part(
      NDArray parameter, NDArray mean, NDArray square, NDArray meanMax, NDArray squareMax) {}

  AdamW8Bit(Map<String, NDArray> parameters, SftConfig config) {
    this(parameters, config, LEAST);
  }

  AdamW8Bit(Map<String, NDArray> parameters, SftConfig config, int least) {
    this.config = config;
    Map<String, NDArray> rest = new LinkedHashMap<>();
    try {
      parameters.forEach(
          (name, parameter) -> {
            if (parameter.size() < least) {
              rest.put(name, parameter);
            } else {
              parts.add(part(name, parameter));
            }
          });
      small = new AdamW(rest, config);
    } catch (RuntimeException | OutOfMemoryError e) {
      manager.close(); // what there was room for
      throw e;
    }
    state.putAll(small.state());
  }

  private NDArray[] tables(DynamicCode code) {
    return new NDArray[] {
      manager.create(code.values()), manager.create(code.borders()), manager.create(code.floors())
    };
  }

  private Part part(String name, NDArray parameter) {
    long size = parameter.size();
    long blocks = (size + BLOCK - 1) / BLOCK;
    return new Part(
        parameter,
        zeros("state1." + name, size, DataType.UINT8),
        zeros("state2." + name, size, DataType.UINT8),
        zeros("absmax1." + name, blocks, DataType.FLOAT32),
        zeros("absmax2." + name, blocks, DataType.FLOAT32));
  }

  private NDArray zeros(String name, long size, DataType type) {
    NDArray zeros = manager.zeros(new Shape(size), type);
    state.put(name, zeros);
    return zeros;
  }

  @Override
  public void step(Gradients gradients, double learningRate) {
    steps++;
    small.step(gradients, learningRate);
    List<Runnable> tasks = new ArrayList<>();
    for (Part part : parts) {
      NDArray gradient = gradients.of(part.parameter());
      long size = part.parameter().size();
      for (long at = 0; at < size; at += TASK) {
        long from = at;
        long to = Math.min(size, at + TASK);
        tasks.add(() -> step(part, gradient, learningRate, from, to));
      }
    }
    Stream<Runnable> stream = tasks.stream();
    (Torch.threads() > 1 ? stream.parallel() : stream).forEach(AdamW8Bit::run);
  }

  private static void run(Runnable task) {
    Autograd.withoutGradient(
        () -> {
          task.run();
          return null;
        });
  }

  /** The values from one multiple of the block's size to another, or to the end. */
  private void step(Part part, NDArray gradient, double learningRate, long from, long to) {
    double correction1 = 1 - Math.pow(config.adamBeta1(), steps);
    double correction2 = Math.sqrt(1 - Math.pow(config.adamBeta2(), steps));
    double decay = AdamW.decays(part.parameter()) ? learningRate * config.weightDecay() : 0;
    long whole = from + (to - from) / BLOCK * BLOCK;
    NDArray[] tensors = {
      part.parameter(), gradient, part.mean(), part.square(), part.meanMax(), part.squareMax()
    };
    for (long at = from; at < to; ) {
      // A last block that is not full goes by itself.
      long width = at < whole ? BLOCK : to - whole;
      long blocks = at < whole ? Math.min(CHUNK, whole - at) / BLOCK : 1;
      OptimizerOps.adamW8Bit(
          tensors,
          means,
          squares,
          at,
          blocks,
          width,
          -learningRate * correction2 / correction1,
          config.adamBeta1(),
          config.adamBeta2(),
          decay,
          config.adamEpsilon() * correction2);
      at += blocks * width;
    }
  }

  @Override
  public Map<String, NDArray> state() {
    return state;
  }

  @Override
  public void continueAt(int count) {
    steps = count;
    small.continueAt(count);
  }

  @Override
  public void close() {
    small.close();
    manager.close();
  }
}
