package org.coldstart.io.torch;

/** The number formats a weight can be held in, with PyTorch's numbers for them. */
public enum FloatType {
  F32(6, 4), F16(5, 2), BF16(15, 2);

  final int scalarType;
  private final int bytes;

  FloatType(int scalarType, int bytes) {
    this.scalarType = scalarType;
    this.bytes = bytes;
  }

  /** Bytes of one number. */
  public int bytes() {
    return bytes;
  }
}
