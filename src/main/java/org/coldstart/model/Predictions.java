package org.coldstart.model;

/**
 * How a model predicted some labels.
 *
 * @param sums over all of them
 * @param logProbs the log-probability of each
 */
public record Predictions(LossSums sums, float[] logProbs) {}
