package org.coldstart.io.checkpoint;

/**
 * The RMS norms of a decoder.
 *
 * @param eps added to the mean square
 * @param onePlusWeight whether vectors are scaled by 1 + weight instead of by the weight
 * @param sandwiched whether attention and feed-forward part are normed after as well as before
 */
public record NormConfig(double eps, boolean onePlusWeight, boolean sandwiched) {}
