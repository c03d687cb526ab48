package org.coldstart.io.safetensors;

import java.util.Arrays;
import java.util.Optional;

/**
 * How the numbers of a tensor are stored in a file: plain types of safetensors and block-quantised types of ggml.
 *
 * <p>
 * A type is stored in blocks of {@link #blockElements()} consecutive elements that take {@link #blockBytes()} bytes;
 * plain types have blocks of one. Types that are only known by their size can stand in a file, but reading them as
 * numbers is an error: see {@link #readable()}.
 */
public enum StoredType {
  F32(0, 1, 4, true), F16(1, 1, 2, true), BF16(30, 1, 2, true), Q4_0(2, 32, 18, true), Q4_1(3, 32, 20, true),
  Q5_0(6, 32, 22, true), Q5_1(7, 32, 24, true), Q8_0(8, 32, 34, true), Q4_K(12, 256, 144, true),
  Q5_K(13, 256, 176, true), Q6_K(14, 256, 210, true),
  // Known by size only.
  Q8_1(9, 32, 40, false), Q2_K(10, 256, 84, false), Q3_K(11, 256, 110, false), Q8_K(15, 256, 292, false),
  IQ2_XXS(16, 256, 66, false), IQ2_XS(17, 256, 74, false), IQ3_XXS(18, 256, 98, false), IQ1_S(19, 256, 50, false),
  IQ4_NL(20, 32, 18, false), IQ3_S(21, 256, 110, false), IQ2_S(22, 256, 82, false), IQ4_XS(23, 256, 136, false),
  IQ1_M(29, 256, 56, false), TQ1_0(34, 256, 54, false), TQ2_0(35, 256, 66, false), MXFP4(39, 32, 17, false),
  I8(24, 1, 1, false), I16(25, 1, 2, false), I32(26, 1, 4, false), I64(27, 1, 8, false), F64(28, 1, 8, false),
  BOOL(-1, 1, 1, false), U8(-1, 1, 1, false), U16(-1, 1, 2, false), U32(-1, 1, 4, false), U64(-1, 1, 8, false),
  C64(-1, 1, 8, false), F8_E4M3(-1, 1, 1, false), F8_E5M2(-1, 1, 1, false), F8_E8M0(-1, 1, 1, false),
  F6_E2M3(-1, 4, 3, false), F6_E3M2(-1, 4, 3, false), F4(-1, 2, 1, false);

  private final int ggmlId;
  private final int blockElements;
  private final int blockBytes;
  private final boolean readable;

  StoredType(int ggmlId, int blockElements, int blockBytes, boolean readable) {
    this.ggmlId = ggmlId;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
    this.readable = readable;
  }

  /** Elements in one block; 1 for plain types. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes of one block. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Whether {@link TensorSource#read} can turn this type into f32. */
  public boolean readable() {
    return readable;
  }

  /** Whether this is a type of ggml's that safetensors has not. */
  public boolean quantized() {
    return blockElements >= 32;
  }

  /**
   * Bytes that {@code elements} consecutive elements take.
   *
   * @throws ArithmeticException if the elements are not whole blocks or the size does not fit in a long
   */
  public long bytes(long elements) {
    if (elements % blockElements != 0) {
      throw new ArithmeticException(elements + " elements are not whole blocks of " + blockElements);
    }
    return Math.multiplyExact(elements / blockElements, blockBytes);
  }

  /** Its number in GGUF; -1 for a type that only safetensors has. */
  public int ggmlId() {
    return ggmlId;
  }

  /** By its number in GGUF. */
  public static Optional<StoredType> ofGgml(int id) {
    return Arrays.stream(values()).filter(type -> type.ggmlId == id && id >= 0).findFirst();
  }

  /** By its name in safetensors. */
  static Optional<StoredType> ofSafetensors(String name) {
    return Arrays.stream(values()).filter(type -> !type.quantized() && type.name().equals(name)).findFirst();
  }
}
