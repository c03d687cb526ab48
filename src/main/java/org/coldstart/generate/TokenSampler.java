package org.coldstart.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.coldstart.io.torch.TorchOps;

/** Chooses one token for each row of a batch. */
final class TokenSampler {

  private final Sampling sampling;
  private final Random random;

  TokenSampler(Sampling sampling) {
    this.sampling = sampling;
    this.random = new Random(sampling.seed());
  }

  /** Whether the choice depends on what was written before. */
  boolean looksBack() {
    return sampling.repetitionPenalty() != 1;
  }

  /** How far it looks back, as {@link Sampling#repetitionRange}. */
  int range() {
    return sampling.repetitionRange();
  }

  /**
   * The chosen ids.
   *
   * @param logits f32, shape (batch, vocabulary)
   * @param seen the ids of each row that the penalty falls on, either all rows with some or none;
   *     ignored unless {@link #looksBack}
   */
  int[] choose(NDArray logits, List<int[]> seen) {
    NDArray chosen =
        sampling.temperature() == 0
            ? penalized(logits, seen).argMax(-1)
            : TorchOps.draw(probabilities(logits, seen), uniform(logits));
    return LongStream.of(chosen.toLongArray()).mapToInt(Math::toIntExact).toArray();
  }

  /**
   * The distribution drawn from, shape (batch, vocabulary); greedily, 1 for the likeliest token.
   */
  NDArray probabilities(NDArray logits, List<int[]> seen) {
    NDArray scores = penalized(logits, seen);
    if (sampling.temperature() == 0) {
      return scores.argMax(-1).oneHot((int) scores.getShape().get(1));
    }
    scores = scores.div((float) sampling.temperature());
    if (sampling.topK() > 0) {
      scores = TorchOps.keepTopK(scores, sampling.topK());
    }
    if (sampling.topP() < 1) {
      scores = TorchOps.keepTopP(scores, sampling.topP());
    }
    return TorchOps.softmax(scores);
  }

  private NDArray penalized(NDArray logits, List<int[]> seen) {
    if (!looksBack()) {
      return logits;
    }
    int width = seen.stream().mapToInt(ids -> ids.length).max().orElse(0);
    if (width == 0) {
      return logits;
    }
    long[] index = new long[seen.size() * width];
    for (int row = 0; row < seen.size(); row++) {
      int[] ids = seen.get(row);
      for (int t = 0; t < width; t++) {
        // Shorter rows repeat their last id: the penalty looks at which ids occur, not how often.
        index[row * width + t] = ids[Math.min(t, ids.length - 1)];
      }
    }
    NDArray ids = logits.getManager().create(index, new Shape(seen.size(), width));
    return TorchOps.penalizeRepetition(logits, ids, sampling.repetitionPenalty());
  }

  private NDArray uniform(NDArray logits) {
    double[] draws = random.doubles(logits.getShape().get(0)).toArray();
    return logits.getManager().create(draws, new Shape(draws.length, 1));
  }
}
