package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import org.coldstart.torch.Autograd;
import org.coldstart.torch.Precision;
import org.coldstart.torch.TorchOps;

/**
 * Decoding with a cache, in f32: prompts are read into it once, and a token more of each row then
 * costs one token's work.
 */
record IncrementalDecoder(Decoder decoder) {

  /** Reads prompts into an empty cache, end to end; scores of what comes after each. */
  NDArray begin(NDManager out, List<int[]> prompts, KvCache cache) {
    long[] rows = prompts.stream().mapToLong(prompt -> prompt.length).toArray();
    NDArray hidden;
    try (NDManager scope = out.newSubManager()) {
      long[] ids = prompts.stream().flatMapToInt(Arrays::stream).asLongStream().toArray();
      NDArray read = decoder.forward(scope.create(ids), decoder.into(cache, scope, rows));
      hidden = TorchOps.select(read, 0, scope.create(lastOfEach(rows)));
      hidden.attach(out);
    }
    cache.advance((int) Arrays.stream(rows).max().orElse(0));
    return scores(hidden, cache);
  }

  private static long[] lastOfEach(long[] rows) {
    long[] lasts = rows.clone();
    Arrays.parallelPrefix(lasts, Long::sum);
    Arrays.setAll(lasts, row -> lasts[row] - 1);
    return lasts;
  }

  /** Adds one token to each row of a cache; scores of what comes after it, (batch, vocabulary). */
  NDArray next(NDManager out, long[] ids, KvCache cache) {
    NDArray hidden = forward(out.create(ids, new Shape(ids.length, 1)), cache);
    return scores(hidden.reshape(ids.length, hidden.getShape().get(2)), cache);
  }

  /** The next tokens of a cache's rows, (batch, time) → (batch, time, hidden). */
  NDArray forward(NDArray inputIds, KvCache cache) {
    int time = (int) inputIds.getShape().get(1);
    NDArray hidden = decoder.forward(inputIds, decoder.after(cache, inputIds.getManager(), time));
    cache.advance(time);
    return hidden;
  }

  private NDArray scores(NDArray hidden, KvCache cache) {
    Pass pass = Pass.throughHead(Precision.F32, cache);
    return Autograd.withoutGradient(() -> decoder.head().forward(hidden, pass));
  }
}
