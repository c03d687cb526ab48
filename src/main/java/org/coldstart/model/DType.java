package org.coldstart.model;

import org.coldstart.io.safetensors.StoredType;

/** The types in which a model's numbers are held in memory and saved. */
public enum DType {
  /** 32 bits. */
  F32,
  /** 16 bits with the range of F32 and 8 bits of precision. */
  BF16,
  /** 16 bits of IEEE 754: 11 bits of precision, nothing above 65504. */
  F16;

  /** The same type in a file. */
  StoredType stored() {
    return StoredType.valueOf(name());
  }
}
