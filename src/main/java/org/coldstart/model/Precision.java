package org.coldstart.model;

import java.util.regex.Pattern;
import org.coldstart.io.torch.Torch;

/**
 * The number format in which a model's matrix products run; its weights are kept in f32 either way.
 *
 * <p>
 * {@link #BF16} is what PyTorch calls autocast: inputs and weights of every linear layer are rounded to bfloat16,
 * products are summed in f32, and norms, the residual stream, softmax and loss stay f32.
 */
public enum Precision {
  /** Single precision throughout. */
  F32,
  /** Autocast to bfloat16: about twice as fast where the processor has bf16 instructions. */
  BF16;

  /** {@link #BF16} on a GPU or on a processor with bf16 instructions, {@link #F32} elsewhere. */
  public static Precision fastest() {
    return Torch.device().isGpu() || hasBf16Instructions() ? BF16 : F32;
  }

  /** Whether the processor multiplies bf16 matrices (Linux only; false where unknown). */
  private static boolean hasBf16Instructions() {
    return Pattern.compile("( |avx512_|amx_)bf16").matcher(Torch.processor()).find();
  }
}
