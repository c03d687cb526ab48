package org.coldstart.io.checkpoint;

/**
 * The gated feed-forward part of every layer.
 *
 * @param intermediateSize its inner width
 * @param activation of the gate
 * @param bias whether gate, up and down projections have biases
 */
public record FeedForwardConfig(int intermediateSize, Activation activation, boolean bias) {}
