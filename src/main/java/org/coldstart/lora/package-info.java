/**
 * LoRA: pairs of small matrices that are trained beside a model's frozen weights (Hu et al., 2021).
 *
 * <p>
 * Read {@link org.coldstart.lora.LoraLayer} for the mathematics and {@link org.coldstart.lora.Lora} for what is done
 * with it. The model does not know this package: an adapter puts itself on the model's linear layers. Names, defaults
 * and files are those of Python's PEFT.
 */
package org.coldstart.lora;
