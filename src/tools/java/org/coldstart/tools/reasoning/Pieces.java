package org.coldstart.tools.reasoning;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Counts the pieces that a byte-level BPE tokenizer with single digits (SmolLM2's) cuts a text into before it merges: a
 * word or a sign with the space before it, each digit, each other space. No merge crosses a piece, so a text has at
 * least this many tokens.
 */
final class Pieces {
  private static final Pattern PIECE = Pattern.compile("\\d|'(?:s|t|re|ve|m|ll|d)| ?\\p{L}+| ?[^\\s\\p{L}\\d]+|\\s");
  private static final int TAGS = 4;

  private Pieces() {}

  /**
   * Fewest tokens of a row written as {@code
   * instruction<think>reasoning</think><answer>output</answer>}.
   */
  static int of(ReasoningRow row) {
    return count(row.instruction()) + count(row.reasoning()) + count(row.output()) + TAGS;
  }

  static int count(String text) {
    Matcher matcher = PIECE.matcher(text);
    int count = 0;
    while (matcher.find()) {
      count++;
    }
    return count;
  }
}
