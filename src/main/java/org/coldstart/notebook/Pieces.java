package org.coldstart.notebook;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.coldstart.io.tokenizer.ByteLevel;

/** Tokens as a reader can tell them: the text of their bytes, with blanks and line breaks made visible. */
final class Pieces {

  private Pieces() {}

  /**
   * The tokens of one text. One that is not whole characters, as of Chinese in a byte-level vocabulary, is shown by its
   * bytes: {@code ⟨E5 BE⟩}.
   */
  static List<String> legible(List<String> tokens) {
    String joined = String.join("", tokens);
    boolean byteLevel = joined.matches("(?s).*[ĠĊ].*") || ByteLevel.bytes(joined).flatMap(Pieces::text).isPresent();
    return tokens.stream().map(token -> byteLevel ? decoded(token) : visible(token)).toList();
  }

  private static String decoded(String token) {
    return ByteLevel.bytes(token)
      .map(bytes -> text(bytes).map(Pieces::visible).orElseGet(() -> hexadecimal(bytes)))
      .orElseGet(() -> visible(token));
  }

  /** Spaces as ·, line breaks as ⏎, tabs as ⇥; also in the spelling of vocabularies: Ġ, ▁, Ċ, ĉ, {@code <0xE5>}. */
  static String visible(String token) {
    return token.replaceAll("[ Ġ▁]", "·")
      .replaceAll("[\nĊ]", "⏎")
      .replaceAll("[\tĉ]", "⇥")
      .replace("\r", "␍")
      .replaceAll("<0x([0-9A-F]{2})>", "⟨$1⟩");
  }

  private static Optional<String> text(byte[] bytes) {
    try {
      return Optional.of(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  private static String hexadecimal(byte[] bytes) {
    String each = new String(bytes, StandardCharsets.ISO_8859_1).chars()
      .mapToObj(b -> b < 0x80 ? visible(Character.toString(b)) : "⟨%02X⟩".formatted(b))
      .collect(Collectors.joining());
    return each.replace("⟩⟨", " ");
  }
}
