package org.coldstart.tokenizer;

import java.util.Locale;

/**
 * Where a batch is filled up to equal length: after the text (training) or before it (generation).
 */
public enum PaddingSide {
  RIGHT,
  LEFT;

  /** The word that {@code tokenizer_config.json} uses: {@code right} or {@code left}. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
