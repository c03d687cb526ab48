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

  Sampling sampling() {
    return sampling;
  }

  /** The ids of each reply that the repetition penalty falls on; empty where there is none. */
  List<int[]> penalizedIds(List<Reply> replies) {
    return penalizes() ? replies.stream().map(reply -> reply.penalizedIds(sampling.repetitionRange())).toList()
        : List.of();
  }

  private boolean penalizes() {
    return sampling.repetitionPenalty() != 1;
  }

  /**
   * The chosen ids.
   *
   * @param logits f32, shape (batch, vocabulary)
   * @param penalizedIds the ids of each row that the repetition penalty falls on, either all rows with some or none;
   * ignored without a penalty
   */
  int[] choose(NDArray logits, List<int[]> penalizedIds) {
    NDArray chosen = sampling.temperature() == 0 ? penalized(logits, penalizedIds).argMax(-1)
        : TorchOps.draw(probabilities(logits, penalizedIds), uniform(logits));
    return LongStream.of(chosen.toLongArray()).mapToInt(Math::toIntExact).toArray();
  }

  /** The distribution drawn from, shape (batch, vocabulary); greedily, 1 for the likeliest token. */
  NDArray probabilities(NDArray logits, List<int[]> penalizedIds) {
    NDArray adjusted = penalized(logits, penalizedIds);
    if (sampling.temperature() == 0) {
      return adjusted.argMax(-1).oneHot((int) adjusted.getShape().get(1));
    }
    adjusted = adjusted.div((float) sampling.temperature());
    if (sampling.topK() > 0) {
      adjusted = TorchOps.keepTopK(adjusted, sampling.topK());
    }
    if (sampling.topP() < 1) {
      adjusted = TorchOps.keepTopP(adjusted, sampling.topP());
    }
    return TorchOps.softmax(adjusted);
  }

  private NDArray penalized(NDArray logits, List<int[]> penalizedIds) {
    if (!penalizes()) {
      return logits;
    }
    int width = penalizedIds.stream().mapToInt(ids -> ids.length).max().orElse(0);
    if (width == 0) {
      return logits;
    }
    long[] index = new long[penalizedIds.size() * width];
    for (int row = 0; row < penalizedIds.size(); row++) {
      int[] ids = penalizedIds.get(row);
      for (int t = 0; t < width; t++) {
        // Shorter rows repeat their last id: the penalty looks at which ids occur, not how often.
        index[row * width + t] = ids[Math.min(t, ids.length - 1)];
      }
    }
    NDArray ids = logits.getManager().create(index, new Shape(penalizedIds.size(), width));
    return TorchOps.penalizeRepetition(logits, ids, sampling.repetitionPenalty());
  }

  private NDArray uniform(NDArray logits) {
    double[] draws = random.doubles(logits.getShape().get(0)).toArray();
    return logits.getManager().create(draws, new Shape(draws.length, 1));
  }
}
