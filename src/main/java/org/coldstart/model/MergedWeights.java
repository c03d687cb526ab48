package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Map;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;

/**
 * A model's weights as they would be with its adapter merged, one at a time, without touching the
 * model.
 */
final class MergedWeights implements TensorSource {

  private final Weights weights;
  private final Map<String, LoraLayer> adapters;
  private String name;
  private NDArray merged;

  /**
   * A view of the weights.
   *
   * @param adapters what is to be added, by the name of the weight
   */
  MergedWeights(Weights weights, Map<String, LoraLayer> adapters) {
    this.weights = weights;
    this.adapters = adapters;
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return weights.tensors();
  }

  @Override
  public StoredType storedAs(String name) {
    return weights.storedAs(name);
  }

  @Override
  public String origin() {
    return weights.origin();
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    Weights.readThroughBytes(this, name, offset, into);
  }

  @Override
  public void read(String name, long offset, StoredType as, ByteBuffer into) {
    LoraLayer adapter = adapters.get(name);
    if (adapter == null) {
      weights.read(name, offset, as, into);
      return;
    }
    if (!name.equals(this.name)) {
      close();
      merged = weights.get(name).duplicate();
      adapter.addTo(merged, 1);
      this.name = name;
    }
    Weights.read(merged, offset, as, into);
  }

  /** Frees the copy made last; the model's weights stay. */
  @Override
  public void close() {
    if (merged != null) {
      merged.close();
      merged = null;
      name = null;
    }
  }
}
