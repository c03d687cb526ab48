package org.coldstart.tokenizer;

/** Java strings may hold halves of characters, which no encoding of Unicode can express. */
final class Unicode {
  private Unicode() {}

  /** The index of the first surrogate without its other half, or -1. */
  static int loneSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        return i;
      }
    }
    return -1;
  }
}
