package org.coldstart.io.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** GPT-2's spelling of bytes, in which byte-level vocabularies write their pieces: a visible character for each. */
public final class ByteLevel {

  /** The character of each of the 256 bytes. */
  public static final String CHARACTERS = characters();

  private ByteLevel() {}

  /** A text's bytes in UTF-8, spelled: {@code Ġthe} for " the". */
  public static String spell(String text) {
    StringBuilder spelled = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      spelled.append(CHARACTERS.charAt(b & 0xFF));
    }
    return spelled.toString();
  }

  /** The bytes that a piece spells; empty if one of its characters stands for no byte. */
  public static Optional<byte[]> bytes(String piece) {
    byte[] bytes = new byte[piece.length()];
    for (int i = 0; i < bytes.length; i++) {
      int b = CHARACTERS.indexOf(piece.charAt(i));
      if (b < 0) {
        return Optional.empty();
      }
      bytes[i] = (byte) b;
    }
    return Optional.of(bytes);
  }

  /** Printable ones of Latin-1 stand for themselves, others for those from U+0100 on. */
  private static String characters() {
    StringBuilder characters = new StringBuilder();
    char next = 0x100;
    for (char b = 0; b < 256; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
      characters.append(printable ? b : next++);
    }
    return characters.toString();
  }
}
