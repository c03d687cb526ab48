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
 * The key/value cache of one growing text: of a text that continues the last one, only the new ids are run through the
 * model. Its weights must not change in between; {@link #close} empties it.
 */
final class CachedRow implements AutoCloseable {

  private static final int ROOM = 256;

  private final CausalLm model;
  private KvCache cache;
  private int[] cachedIds = {};

  CachedRow(CausalLm model) {
    this.model = model;
  }

  /**
   * The logits of what comes after a text, shape (1, vocabulary).
   *
   * @param out owns the result
   * @param ids all of the text, not empty
   */
  NDArray nextLogits(NDManager out, int[] ids) {
    int cached = unread(ids);
    try {
      NDArray logits;
      if (cached == 0) {
        close();
        cache = model.newCache(List.of(ids), ROOM);
        logits = model.nextLogits(out, List.of(ids), cache);
      } else {
        logits = append(out, Arrays.stream(ids, cached, ids.length).asLongStream().toArray());
      }
      cachedIds = ids;
      return logits;
    } catch (RuntimeException e) {
      close(); // some layers may have stored what others have not
      throw e;
    }
  }

  /** The index of the first id that is not in the cache. */
  int unread(int[] ids) {
    boolean continues = cachedIds.length < ids.length && Arrays.mismatch(cachedIds, ids) == cachedIds.length;
    return continues ? cachedIds.length : 0;
  }

  private NDArray append(NDManager out, long[] ids) {
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
    cachedIds = new int[0];
  }
}
