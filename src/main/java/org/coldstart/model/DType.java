package org.coldstart.model;

import org.coldstart.io.safetensors.StoredType;

/** The types in which a model's numbers are held in memory or saved. */
public enum DType {
  /** 32 bits. */
  F32,
  /** 16 bits with the range of F32 and 8 bits of precision. */
  BF16,
  /** 16 bits of IEEE 754: 11 bits of precision, nothing above 65504. For files. */
  F16,
  /** Matrices in 8 bits and a scale for each row. For generation and evaluation. */
  INT8,
  /** Matrices in 4 bits where that loses nothing, as the weights of a 4-bit file do, in {@link #INT8} elsewhere. */
  INT4;

  /** The same type in a file. */
  StoredType stored() {
    if (packed()) {
      throw new IllegalArgumentException("Weights are saved as F32, BF16 or F16, not as " + this + ".");
    }
    return StoredType.valueOf(name());
  }

  /** Whether matrices are held in fewer bits than any file of ours has. */
  boolean packed() {
    return this == INT8 || this == INT4;
  }
}
