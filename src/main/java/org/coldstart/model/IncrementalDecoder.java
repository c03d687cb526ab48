package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import org.coldstart.io.torch.Autograd;
import org.coldstart.io.torch.Precision;
import org.coldstart.io.torch.TorchOps;

/**
 * Decoding with a cache, in f32: prompts are read into it once, and a token more of each row then
 * costs one token's work.
 */
record IncrementalDecoder(Decoder decoder) {

  /**
   * Reads prompts into an empty cache, end to end; scores of what comes after each. What all of
   * them begin with is read once.
   */
  NDArray begin(NDManager out, List<int[]> prompts, KvCache cache) {
    int longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(0);
    int shared = decoder.canShare(longest) ? shared(prompts) : 0;
    NDArray hidden;
    try (NDManager scope = out.newSubManager()) {
      SharedPrefix beginning = shared == 0 ? null : read(scope, prompts.get(0), shared);
      long[] rows = prompts.stream().mapToLong(prompt -> prompt.length - shared).toArray();
      long[] ids =
          prompts.stream()
              .flatMapToInt(prompt -> Arrays.stream(prompt, shared, prompt.length))
              .asLongStream()
              .toArray();
      ForwardContext pass = decoder.into(cache, scope, rows, beginning);
      NDArray read = decoder.forward(scope.create(ids), pass);
      hidden = TorchOps.select(read, 0, scope.create(lastOfEach(rows)));
      hidden.attach(out);
    }
    cache.advance(longest);
    return scores(hidden, cache);
  }

  /** Each prompt's last token stands for itself: what comes after it is asked for. */
  private static int shared(List<int[]> prompts) {
    return SharedPrefix.sharedBy(
        prompts.stream()
            .map(prompt -> Arrays.copyOf(prompt, Math.max(0, prompt.length - 1)))
            .toList());
  }

  private SharedPrefix read(NDManager scope, int[] prompt, int length) {
    SharedPrefix beginning = decoder.newBeginning(scope, length);
    long[] ids = Arrays.stream(prompt, 0, length).asLongStream().toArray();
    ForwardContext pass = decoder.overRows(scope, new long[] {length}, Precision.F32).reading(beginning);
    decoder.forward(scope.create(ids), pass).close();
    return beginning;
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
    ForwardContext pass = ForwardContext.throughHead(Precision.F32, cache);
    return Autograd.withoutGradient(() -> decoder.head().forward(hidden, pass));
  }
}
