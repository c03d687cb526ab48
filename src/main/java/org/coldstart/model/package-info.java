/**
 * The decoder: one network for the Llama, Qwen and Gemma families, described by
 * {@link org.coldstart.io.config.ModelConfig} and put together from small parts.
 *
 * <p>
 * Read {@link org.coldstart.model.CausalLm} first, then {@link org.coldstart.model.Decoder} and
 * {@link org.coldstart.model.DecoderLayer} with its two blocks; their formulas are Python, in {@code
 * io/torch/decoder.py} and {@code backward.py}. What of a model is trained is chosen by
 * {@link org.coldstart.model.Trainable}, or by attaching an {@link org.coldstart.model.Adapter}, such as LoRA's. Shapes
 * are written (batch, time, …) throughout.
 */
package org.coldstart.model;
