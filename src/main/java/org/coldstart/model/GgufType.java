package org.coldstart.model;

import java.util.Arrays;
import java.util.List;
import org.coldstart.io.safetensors.StoredType;

/**
 * How the matrices of a GGUF file are stored; vectors (norms and biases) are always f32.
 */
public enum GgufType {
  /** 32 bits: the weights as they are. */
  F32,
  /** 16 bits, 11 of them precision. */
  F16,
  /** 16 bits with the range of F32 and 8 bits of precision. */
  BF16,
  /** 8.5 bits: 32 whole numbers from −127 to 127 share a scale. */
  Q8_0,
  /** 4.5 bits: 32 whole numbers from −8 to 7 share a scale. Embedding and head are stored as Q8_0. */
  Q4_0,
  /** 5 bits: 32 whole numbers from 0 to 15 share a scale and a smallest value. Embedding and head likewise. */
  Q4_1;

  /**
   * By its name, such as {@code q8_0}.
   *
   * @throws IllegalArgumentException for a type that is not written here
   */
  public static GgufType of(String name) {
    return Arrays.stream(values())
      .filter(type -> type.name().equalsIgnoreCase(name))
      .findFirst()
      .orElseThrow(() -> new IllegalArgumentException(
          "\"%s\" is no type that is written here; take one of %s, or F32 and llama.cpp's llama-quantize.".formatted(name,
              List.of(values()))));
  }

  StoredType stored() {
    return StoredType.valueOf(name());
  }
}
