package org.coldstart.generate;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Hands out a growing reply's text piece by piece, decoding only the latest tokens each time.
 *
 * <p>
 * Whether a token begins with a space depends on what precedes it, so the tokens of the last piece are decoded again as
 * context. A token may end in the middle of a character; such a piece is held back until the rest has come.
 */
final class TextStreamer {

  private static final String INCOMPLETE = "\uFFFD";

  private final Function<int[], String> decode;
  private final Consumer<String> listener;

  /** The tokens of the last piece, then those that are not handed out yet. */
  private int[] window = {};

  private int contextTokens;
  private String contextText = "";

  /**
   * A stream to a listener.
   *
   * @param decode ids to text without special tokens
   */
  TextStreamer(Function<int[], String> decode, Consumer<String> listener) {
    this.decode = decode;
    this.listener = listener;
  }

  /** Takes the reply's next token. */
  void put(int id) {
    window = Arrays.copyOf(window, window.length + 1);
    window[window.length - 1] = id;
    String text = decode.apply(window);
    if (text.length() > contextText.length() && !text.endsWith(INCOMPLETE)) {
      listener.accept(text.substring(contextText.length()));
      window = Arrays.copyOfRange(window, contextTokens, window.length);
      contextTokens = window.length;
      contextText = decode.apply(window);
    }
  }

  /** Hands out what is held back: the reply has ended. */
  void end() {
    String text = window.length > contextTokens ? decode.apply(window) : "";
    if (text.length() > contextText.length()) {
      listener.accept(text.substring(contextText.length()));
    }
  }
}
