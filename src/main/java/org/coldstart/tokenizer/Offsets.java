package org.coldstart.tokenizer;

import org.coldstart.io.jinja.Span;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns the native library's spans, counted in code points, into spans of Java chars (UTF-16
 * units).
 */
final class Offsets {
  private static final Span NONE = new Span(0, 0);

  private Offsets() {}

  /**
   * One span a token; tokens that stand for no text (a BOS put in front) get (0, 0), as in Python.
   */
  static List<Span> utf16(String text, CharSpan[] spans) {
    int[] starts = starts(text);
    List<Span> result = new ArrayList<>(spans.length);
    for (CharSpan span : spans) {
      result.add(span == null ? NONE : new Span(starts[span.getStart()], starts[span.getEnd()]));
    }
    return result;
  }

  /** Index of the first char of each code point, and the length of the text at the end. */
  private static int[] starts(String text) {
    int count = text.codePointCount(0, text.length());
    int[] starts = new int[count + 1];
    int at = 0;
    for (int i = 0; i < count; i++) {
      starts[i] = at;
      at += Character.charCount(text.codePointAt(at));
    }
    starts[count] = at;
    return starts;
  }
}
