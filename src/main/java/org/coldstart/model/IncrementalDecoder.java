package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.io.torch.TorchOps;

/**
 * Decoding with a cache, in f32: prompts are read into it once, and each further token of a row then costs one token's
 * work.
 */
record IncrementalDecoder(Decoder decoder) {

  /**
   * Reads prompts into an empty cache, as packed sequences; the prefix that all of them share is read once, as is a
   * prompt that stands there several times in a row.
   *
   * @return the logits of what comes after each, (batch, vocabulary)
   */
  NDArray begin(NDManager out, List<int[]> prompts, KvCache cache) {
    int[] firsts = IntStream.range(0, prompts.size())
      .filter(row -> row == 0 || !Arrays.equals(prompts.get(row - 1), prompts.get(row)))
      .toArray();
    if (firsts.length == prompts.size()) {
      return read(out, prompts, cache);
    }
    cache.keepRows(firsts);
    NDArray logits = read(out, Arrays.stream(firsts).mapToObj(prompts::get).toList(), cache);
    long[] rows = IntStream.range(0, prompts.size())
      .mapToLong(row -> Arrays.stream(firsts).filter(first -> first <= row).count() - 1)
      .toArray();
    cache.repeatRows(rows);
    return TorchOps.select(logits, 0, out.create(rows));
  }

  private NDArray read(NDManager out, List<int[]> prompts, KvCache cache) {
    int longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(0);
    int shared = shared(prompts);
    long[] seqLens = prompts.stream().mapToLong(prompt -> prompt.length - shared).toArray();
    NDArray hidden;
    try (NDManager scope = out.newSubManager()) {
      ForwardContext pass = decoder.packed(scope, seqLens, shared, Precision.F32).with(cache);
      if (shared > 0) {
        pass = pass.with(read(scope, prompts.get(0), shared));
      }
      NDArray all = decoder.forward(ids(scope, prompts, shared, longest), pass);
      hidden = TorchOps.select(all, 0, scope.create(lastOfEach(seqLens)));
      hidden.attach(out);
    }
    cache.advance(longest);
    return decoder.head().few(hidden);
  }

  /** Each prompt's last token is read on its own: the logits after it are wanted. */
  private static int shared(List<int[]> prompts) {
    return SharedPrefix.sharedBy(prompts.stream().map(ids -> Arrays.copyOf(ids, Math.max(0, ids.length - 1))).toList());
  }

  private SharedPrefix read(NDManager scope, int[] prompt, int length) {
    SharedPrefix prefix = new SharedPrefix(scope, length, decoder.layers().size());
    ForwardContext pass = decoder.packed(scope, new long[] {length}, 0, Precision.F32).with(prefix);
    decoder.forward(ids(scope, List.of(prompt), 0, length), pass).close();
    return prefix;
  }

  private static NDArray ids(NDManager scope, List<int[]> prompts, int from, int to) {
    return scope.create(prompts.stream()
      .flatMapToInt(ids -> Arrays.stream(ids, from, Math.min(ids.length, to)))
      .asLongStream()
      .toArray());
  }

  private static long[] lastOfEach(long[] seqLens) {
    long[] ends = seqLens.clone();
    Arrays.parallelPrefix(ends, Long::sum);
    return Arrays.stream(ends).map(end -> end - 1).toArray();
  }

  /** Adds one token to each row of a cache; logits of what comes after it, (batch, vocabulary). */
  NDArray next(NDManager out, long[] ids, KvCache cache) {
    return decoder.head().few(decoder.decode(out.create(ids, new Shape(ids.length, 1)), cache));
  }

  /** The next tokens of a cache's rows, (batch, time) → (batch, time, hidden). */
  NDArray forward(NDArray inputIds, KvCache cache) {
    return decoder.decode(inputIds, cache).reshape(inputIds.getShape().add(decoder.hiddenSize()));
  }
}
