package org.coldstart.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.gson.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * The Rust tokenizer behind DJL, with neither of DJL's defaults that cut a text at 512 tokens and
 * pad it.
 */
final class NativeTokenizer implements AutoCloseable {
  /**
   * The regular expressions of real models backtrack over runs of blanks; past their limit the
   * process would end.
   */
  private static final int MAX_CHARS = 1 << 22;

  private static final Map<String, String> OPTIONS =
      Map.of("truncation", "false", "padding", "false");

  private final HuggingFaceTokenizer rust;

  private NativeTokenizer(HuggingFaceTokenizer rust) {
    this.rust = rust;
  }

  /**
   * @throws TokenizerException with the library's own words if it does not accept the JSON
   */
  static NativeTokenizer build(JsonObject json, String origin) {
    byte[] bytes = json.toString().getBytes(StandardCharsets.UTF_8);
    try {
      return new NativeTokenizer(
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(bytes), OPTIONS));
    } catch (RuntimeException | IOException e) {
      throw new TokenizerException(
          origin + " is damaged (" + e.getMessage() + "); fetch it again", e);
    }
  }

  /** Ids, tokens and spans in Java chars. Safe to call from many threads. */
  Encoding encode(String text, boolean addSpecialTokens) {
    check(text);
    ai.djl.huggingface.tokenizers.Encoding result = rust.encode(text, addSpecialTokens, false);
    long[] ids = result.getIds();
    int[] narrow = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      narrow[i] = (int) ids[i];
    }
    return new Encoding(
        narrow, List.of(result.getTokens()), Offsets.utf16(text, result.getCharTokenSpans()));
  }

  String decode(int[] ids, boolean skipSpecialTokens) {
    long[] wide = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      wide[i] = ids[i];
    }
    return rust.decode(wide, skipSpecialTokens);
  }

  @Override
  public void close() {
    rust.close();
  }

  private static void check(String text) {
    if (text.length() > MAX_CHARS) {
      throw new IllegalArgumentException(
          "the text has " + text.length() + " chars; encode it in pieces of at most " + MAX_CHARS);
    }
    int half = Unicode.loneSurrogate(text);
    if (half >= 0) {
      throw new IllegalArgumentException(
          "the text holds half a character (a lone surrogate) at index "
              + half
              + "; was it cut in the middle of a character?");
    }
  }
}
