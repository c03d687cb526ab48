package org.coldstart.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * GPT-2's spelling of bytes as visible characters: printable ones of Latin-1 stand for themselves,
 * the others for the characters from U+0100 on, in order.
 */
final class ByteAlphabet {
  static final int SIZE = 256;

  private static final char[] SPELLING = new char[SIZE];

  static {
    char next = 0x100;
    for (char b = 0; b < SIZE; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
      SPELLING[b] = printable ? b : next++;
    }
  }

  private ByteAlphabet() {}

  /** The character of each byte, from 0 to 255. */
  static char[] characters() {
    return SPELLING.clone();
  }

  /** The UTF-8 bytes of a text, one character each. */
  static String spell(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    StringBuilder spelled = new StringBuilder(bytes.length);
    for (byte b : bytes) {
      spelled.append(SPELLING[b & 0xFF]);
    }
    return spelled.toString();
  }
}
