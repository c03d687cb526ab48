package org.coldstart.io.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;

/**
 * GPT-2's spelling of bytes as visible characters: printable ones of Latin-1 stand for themselves,
 * the others for the characters from U+0100 on, in order.
 */
public final class ByteAlphabet {
  /** The number of bytes. */
  public static final int SIZE = 256;

  private static final char[] SPELLING = new char[SIZE];

  static {
    char next = 0x100;
    for (char b = 0; b < SIZE; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
      SPELLING[b] = printable ? b : next++;
    }
  }

  private ByteAlphabet() {}

  /** The characters in Unicode's order. */
  public static List<String> sorted() {
    return IntStream.range(0, SIZE).map(b -> SPELLING[b]).sorted().mapToObj(Character::toString).toList();
  }

  /** The UTF-8 bytes of a text, one character each. */
  public static String spell(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    StringBuilder spelled = new StringBuilder(bytes.length);
    for (byte b : bytes) {
      spelled.append(SPELLING[b & 0xFF]);
    }
    return spelled.toString();
  }
}
