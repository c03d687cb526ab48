package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.coldstart.io.torch.OptimizerOps;
import org.coldstart.io.torch.Torch;
import org.coldstart.model.Gradients;

/**
 * {@link AdamW} with 8-bit state (Dettmers et al., 2022; bitsandbytes' AdamW8bit), a quarter of the memory. A moment's
 * values are quantized in blocks of 256: a value x is stored as the code i whose q[i] is nearest to x / max|block|,
 * with q as in {@link DynamicCode} and the maximum in f32. A step dequantizes both moments to f32, updates them and the
 * weights as AdamW does, and quantizes again.
 *
 * <p>
 * Small tensors keep f32 state, as in bitsandbytes; embeddings do not, for here they are a fifth of the model.
 */
final class AdamW8Bit implements Optimizer {

  static final int BLOCK = 256;

  /** Tensors with fewer values keep f32 state. */
  static final int LEAST = 4096;

  /**
   * Values updated at a time: few enough to stay in a core's cache, and for torch not to spread an operation over
   * threads, which would wait more than work. The tasks are spread instead.
   */
  private static final long CHUNK = 1 << 14;

  private static final long TASK = 1 << 20;

  private final NDManager manager = Torch.newManager();
  private final SftConfig config;
  private final NDArray[] means = tables(DynamicCode.of(true));
  private final NDArray[] squares = tables(DynamicCode.of(false));
  private final List<Part> parts = new ArrayList<>();
  private final Map<String, NDArray> state = new LinkedHashMap<>();
  private final AdamW small;
  private int steps;

  /** A parameter with both moments' codes and blocks' maxima, all flat. */
  private record Part(NDArray parameter, NDArray mean, NDArray square, NDArray meanMax, NDArray squareMax) {}

  AdamW8Bit(Map<String, NDArray> parameters, SftConfig config) {
    this(parameters, config, LEAST);
  }

  AdamW8Bit(Map<String, NDArray> parameters, SftConfig config, int least) {
    this.config = config;
    Map<String, NDArray> rest = new LinkedHashMap<>();
    try {
      parameters.forEach((name, parameter) -> {
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
    return new NDArray[] {manager.create(code.values()), manager.create(code.borders()), manager.create(code.floors())};
  }

  private Part part(String name, NDArray parameter) {
    long size = parameter.size();
    long blocks = (size + BLOCK - 1) / BLOCK;
    return new Part(parameter, zeros("state1." + name, size, DataType.UINT8),
        zeros("state2." + name, size, DataType.UINT8), zeros("absmax1." + name, blocks, DataType.FLOAT32),
        zeros("absmax2." + name, blocks, DataType.FLOAT32));
  }

  private NDArray zeros(String name, long size, DataType type) {
    state.put(name, manager.zeros(new Shape(size), type));
    return state.get(name);
  }

  @Override
  public void step(Gradients gradients, double learningRate) {
    steps++;
    small.step(gradients, learningRate);
    List<Runnable> tasks = new ArrayList<>();
    for (Part part : parts) {
      NDArray gradient = gradients.of(part.parameter());
      for (long at = 0; at < part.parameter().size(); at += TASK) {
        long from = at;
        tasks.add(() -> step(part, gradient, learningRate, from));
      }
    }
    Stream<Runnable> stream = tasks.stream();
    (Torch.threads() > 1 ? stream.parallel() : stream).forEach(Runnable::run);
  }

  /** One task's values, from a multiple of the block's size on. */
  private void step(Part part, NDArray gradient, double learningRate, long from) {
    long to = Math.min(part.parameter().size(), from + TASK);
    double correction1 = 1 - Math.pow(config.adamBeta1(), steps);
    double correction2 = Math.sqrt(1 - Math.pow(config.adamBeta2(), steps));
    double decay = AdamW.decays(part.parameter()) ? learningRate * config.weightDecay() : 0;
    long whole = from + (to - from) / BLOCK * BLOCK;
    NDArray[] tensors = {part.parameter(), gradient, part.mean(), part.square(), part.meanMax(), part.squareMax()};
    for (long at = from; at < to;) {
      // A last block that is not full goes by itself.
      long width = at < whole ? BLOCK : to - whole;
      long blocks = at < whole ? Math.min(CHUNK, whole - at) / BLOCK : 1;
      OptimizerOps.adamW8Bit(tensors, means, squares, at, blocks, width, -learningRate * correction2 / correction1,
          config.adamBeta1(), config.adamBeta2(), decay, config.adamEpsilon() * correction2);
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

  /**
   * The 256 values q of 8-bit state, relative to their block's maximum (dynamic tree quantization; Dettmers, 2016): in
   * each of seven powers of ten 2, 4, 8 … evenly spaced values, the most between 0.1 and 1. They are those of
   * bitsandbytes' {@code create_dynamic_map}.
   *
   * @param values q, ascending
   * @param floors by the upper 16 bits of a float, the code nearest to the smallest float with these bits. Codes are so
   * far apart that floats with the same upper bits lie on both sides of at most one border between two codes, so one
   * comparison with it gives any float's nearest code
   * @param borders by the upper 16 bits of a float, the border between that code and the next
   */
  record DynamicCode(float[] values, float[] floors, float[] borders) {

    private static final int DECADES = 7;

    /** Signed for the running mean, from −0.99 to 1; else for the running square, from 0 to 1, twice as dense. */
    static DynamicCode of(boolean signed) {
      List<Double> all = new ArrayList<>(List.of(0.0, 1.0));
      for (int decade = 0; decade < DECADES; decade++) {
        int parts = 1 << (signed ? decade : decade + 1);
        double scale = Math.pow(10, decade - DECADES + 1);
        for (int part = 0; part < parts; part++) {
          double middle = 0.1 + 0.9 * (part + 0.5) / parts;
          all.add(scale * middle);
          if (signed) {
            all.add(-scale * middle);
          }
        }
      }
      all.sort(null);
      float[] values = new float[all.size()];
      float[] middles = new float[all.size()]; // between a value and the next
      for (int code = 0; code < values.length; code++) {
        values[code] = all.get(code).floatValue();
        middles[code] = code + 1 < values.length ? (values[code] + all.get(code + 1).floatValue()) / 2
            : Float.POSITIVE_INFINITY;
      }
      float[] floors = new float[1 << 16];
      float[] borders = new float[1 << 16];
      for (int upper = 0; upper < floors.length; upper++) {
        boolean negative = upper >= 1 << 15;
        float smallest = Float.intBitsToFloat(upper << 16 | (negative ? 0xffff : 0));
        int at = Arrays.binarySearch(middles, smallest);
        int floor = Float.isNaN(smallest) ? 0 : at < 0 ? -at - 1 : at;
        floors[upper] = floor;
        borders[upper] = middles[floor];
      }
      return new DynamicCode(values, floors, borders);
    }
  }
}
