/**
 * The decoder: one Llama-shaped network described by {@link org.coldstart.checkpoint.ModelConfig}.
 *
 * <p>Read {@link org.coldstart.model.CausalLm} first, then {@link org.coldstart.model.DecoderLayer}
 * and its two halves. Shapes are written (batch, time, …) throughout.
 */
package org.coldstart.model;
