package org.coldstart.io.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import com.google.gson.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Span;

/** The Rust tokenizer behind DJL, without DJL's defaults that cut a text at 512 tokens and pad it. */
final class NativeTokenizer implements AutoCloseable {
  /** The regular expressions of real models backtrack over runs of spaces; past their limit the process would end. */
  private static final int MAX_CHARS = 1 << 22;

  private static final Map<String, String> OPTIONS = Map.of("truncation", "false", "padding", "false");

  private static final Span NO_TEXT = new Span(0, 0);

  private final HuggingFaceTokenizer rust;

  /** Throws a TokenizerException with the library's own words if that does not accept the JSON. */
  NativeTokenizer(JsonObject json, String origin) {
    byte[] bytes = json.toString().getBytes(StandardCharsets.UTF_8);
    try {
      rust = HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(bytes), OPTIONS);
    } catch (RuntimeException | IOException e) {
      throw new TokenizerException(origin + " is damaged (" + e.getMessage() + "); fetch it again", e);
    }
  }

  /** Ids and spans in Java chars. Safe to call from many threads. */
  TokenizerPool.Tokens encode(String text, boolean addSpecialTokens) {
    check(text);
    Encoding result = rust.encode(text, addSpecialTokens, false);
    int[] ids = Arrays.stream(result.getIds()).mapToInt(id -> (int) id).toArray();
    return new TokenizerPool.Tokens(ids, spans(text, result.getCharTokenSpans()));
  }

  /** The tokens' own spelling, without regard to ids. */
  List<String> pieces(String text) {
    check(text);
    return List.of(rust.encode(text, false, false).getTokens());
  }

  String decode(int[] ids, boolean skipSpecialTokens) {
    return rust.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecialTokens);
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
    int half = loneSurrogate(text);
    if (half >= 0) {
      throw new IllegalArgumentException(
          "the text holds half a character (a lone surrogate) at index %d; was it cut there?".formatted(half));
    }
  }

  /** The index of the first surrogate without its other half, or -1. */
  static int loneSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      // a pair is one code point, half a pair is a surrogate still
      int point = text.codePointAt(i);
      if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
        return i;
      }
      i += Character.charCount(point) - 1;
    }
    return -1;
  }

  /** From spans in code points; a token that stands for no text (BOS) gets (0, 0), as in Python. */
  private static List<Span> spans(String text, CharSpan[] spans) {
    int[] starts = new int[text.codePointCount(0, text.length()) + 1];
    for (int i = 1; i < starts.length; i++) {
      starts[i] = text.offsetByCodePoints(starts[i - 1], 1);
    }
    return Arrays.stream(spans)
      .map(s -> s == null ? NO_TEXT : new Span(starts[s.getStart()], starts[s.getEnd()]))
      .toList();
  }
}
