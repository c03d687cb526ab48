package org.coldstart.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.CausalLm;
import org.coldstart.model.KvCache;
import org.coldstart.model.Precision;

/**
 * A text that a model reads once: of a text that goes on where the last one ended, only what is new
 * is read. The model's weights must not change in between; {@link #close} forgets everything.
 */
final class CachedRow implements AutoCloseable {

  private static final int ROOM = 256;

  private final CausalLm model;
  private KvCache cache;

  /** What the cache holds. */
  private int[] read = {};

  CachedRow(CausalLm model) {
    this.model = model;
  }

  /**
   * The scores of what comes after a text, shape (1, vocabulary).
   *
   * @param out owns the result
   * @param ids all of the text, not empty
   */
  NDArray nextLogits(NDManager out, int[] ids) {
    int[] fresh = Arrays.copyOfRange(ids, unread(ids), ids.length);
    if (fresh.length == ids.length) {
      close();
    }
    try {
      NDArray logits = cache == null ? begin(out, ids) : goOn(out, fresh);
      read = ids;
      return logits;
    } catch (RuntimeException e) {
      close(); // some layers may have stored what others have not
      throw e;
    }
  }

  /** The index of the first id that has to be read. */
  int unread(int[] ids) {
    boolean goesOn = read.length < ids.length && Arrays.mismatch(read, ids) == read.length;
    return goesOn ? read.length : 0;
  }

  private NDArray begin(NDManager out, int[] ids) {
    cache = model.newCache(List.of(ids), ROOM);
    return model.nextLogits(out, List.of(ids), cache);
  }

  private NDArray goOn(NDManager out, int[] fresh) {
    long[] ids = Arrays.stream(fresh).asLongStream().toArray();
    if (ids.length == 1) {
      return model.nextLogits(out, ids, cache);
    }
    NDArray hidden = model.hiddenStates(out.create(ids, new Shape(1, ids.length)), cache);
    NDArray last = TorchOps.slice(hidden, 1, ids.length - 1, 1);
    return model.head(last.reshape(1, model.config().hiddenSize()), Precision.F32);
  }

  @Override
  public void close() {
    if (cache != null) {
      cache.close();
    }
    cache = null;
    read = new int[0];
  }
}
