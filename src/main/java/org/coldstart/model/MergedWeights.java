package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Map;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;

/**
 * A model's weights as they would be with its adapter merged, without touching the model: of a weight that is read, the
 * rows at hand are copied and the adapter added to the copy.
 *
 * @param linears the linear layers by name, with the adapters that are to be added
 */
record MergedWeights(Weights weights, Map<String, Linear> linears) implements TensorSource {

  @Override
  public Map<String, TensorInfo> tensors() {
    return weights.tensors();
  }

  @Override
  public String origin() {
    return weights.origin();
  }

  /** Copies a weight into an array of its shape. */
  void copy(String name, NDArray into) {
    TorchOps.write(into, weights.get(name), 0, 0);
    Linear linear = linear(name);
    if (linear != null && linear.adapted()) {
      linear.delta().addTo(into, 0, 1);
    }
  }

  private Linear linear(String name) {
    return linears.get(name.replaceFirst("\\.weight$", ""));
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    Weights.readThroughBytes(this, name, offset, into);
  }

  @Override
  public void read(String name, long offset, StoredType as, ByteBuffer into) {
    Linear linear = linear(name);
    if (linear == null || !linear.adapted()) {
      weights.read(name, offset, as, into);
      return;
    }
    long columns = linear.weight().getShape().get(1);
    long first = offset / columns;
    long end = offset + into.remaining() / as.blockBytes();
    long count = (end + columns - 1) / columns - first;
    try (NDManager scope = Torch.newManager(); NDArray view = TorchOps.slice(linear.weight(), 0, first, count)) {
      NDArray rows = view.duplicate();
      rows.attach(scope);
      linear.delta().addTo(rows, first, 1);
      Weights.read(rows, offset - first * columns, as, into);
    }
  }

  /** Does nothing: the weights are the model's. */
  @Override
  public void close() {}
}
