package org.coldstart.study;

import java.util.List;

/**
 * The result of one run.
 *
 * @param initialization its name
 * @param seed of the rows' random values, of the order of training rows and of sampling
 * @param steps optimizer steps trained
 * @param wellFormedGreedy share of held-out replies with the taught shape, likeliest token each time
 * @param wellFormedT07 the same when sampled at temperature 0.7
 * @param wellFormedT10 the same at temperature 1
 * @param exact share of greedy replies that are well-formed with the right answer
 * @param ownPlace mean probability of the four new tokens, each at its own place in held-out replies
 * @param distanceBefore mean distance between two of the new rows before training
 * @param distanceAfter the same after training
 * @param seconds wall-clock time of the run
 * @param losses held-out losses during training
 */
public record StudyRun(String initialization, long seed, int steps, double wellFormedGreedy, double wellFormedT07,
    double wellFormedT10, double exact, double ownPlace, double distanceBefore, double distanceAfter, double seconds,
    List<Point> losses) {

  /** Held-out loss after a number of steps. */
  public record Point(int step, double loss) {}
}
