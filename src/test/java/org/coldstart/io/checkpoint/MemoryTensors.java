package org.coldstart.io.checkpoint;

import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tensors in memory, as a model being saved would have them. */
class MemoryTensors implements TensorSource {
  private final Map<String, TensorInfo> infos = new LinkedHashMap<>();
  private final Map<String, float[]> values = new LinkedHashMap<>();

  MemoryTensors with(String name, List<Long> shape, float... numbers) {
    infos.put(name, new TensorInfo(name, DType.F32, shape));
    values.put(name, numbers);
    return this;
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return infos;
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    into.put(values.get(name), (int) offset, into.remaining());
  }

  @Override
  public void close() {}
}
