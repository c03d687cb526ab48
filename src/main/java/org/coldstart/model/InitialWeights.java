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

  private final ModelConfig config;
  private final long seed;
  private final double range;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();

  InitialWeights(ModelConfig config, long seed) {
    this.config = config;
    this.seed = seed;
    JsonElement given = config.source().get("initializer_range");
    this.range = given == null || given.isJsonNull() ? 0.02 : given.getAsDouble();
    config.tensorShapes().forEach((name, shape) -> tensors.put(name, new TensorInfo(name, StoredType.F32, shape)));
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return tensors;
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    boolean isVector = tensor(name).shape().size() == 1;
    float same = name.endsWith(".bias") || config.norm().onePlusWeight() ? 0 : 1;
    SplittableRandom random = new SplittableRandom(seed ^ (name.hashCode() * 31L + offset) << 20);
    while (into.hasRemaining()) {
      into.put(isVector ? same : (float) (range * random.nextGaussian()));
    }
  }

  @Override
  public String origin() {
    return "a new model";
  }

  @Override
  public void close() {}
}
