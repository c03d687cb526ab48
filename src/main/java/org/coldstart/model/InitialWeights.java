package org.coldstart.model;

import com.google.gson.JsonElement;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;

/**
 * What a model holds before it has learnt anything, as transformers makes it: matrices normally distributed with mean 0
 * and deviation {@code initializer_range}, biases 0, norms that scale by 1.
 *
 * <p>
 * Each piece that is read has random numbers of its own, so a seed gives the same weights whatever is read first, as
 * long as pieces are of the same size.
 */
final class InitialWeights implements TensorSource {

  private static final double USUAL_RANGE = 0.02;

  private final ModelConfig config;
  private final long seed;
  private final double range;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

  InitialWeights(ModelConfig config, long seed) {
    this.config = config;
    this.seed = seed;
    JsonElement given = config.source().get("initializer_range");
    this.range = given == null || given.isJsonNull() ? USUAL_RANGE : given.getAsDouble();
    config.tensorShapes().forEach((name, shape) -> tensors.put(name, new TensorInfo(name, StoredType.F32, shape)));
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return tensors;
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    if (tensor(name).shape().size() == 1) {
      fill(into, name.endsWith(".bias") || config.norm().onePlusWeight() ? 0 : 1);
      return;
    }
    SplittableRandom random = new SplittableRandom(seed ^ (name.hashCode() * 31L + offset) << 20);
    while (into.hasRemaining()) {
      into.put((float) (range * random.nextGaussian()));
    }
  }

  private static void fill(FloatBuffer into, float value) {
    while (into.hasRemaining()) {
      into.put(value);
    }
  }

  @Override
  public String origin() {
    return "a new model";
  }

  @Override
  public void close() {}
}
