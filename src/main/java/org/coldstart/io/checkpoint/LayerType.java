package org.coldstart.io.checkpoint;

import java.util.Locale;

/** How far back a layer's attention looks; the names are those of {@code layer_types}. */
public enum LayerType {
  /** Every position sees all before it. */
  FULL_ATTENTION,
  /** Every position sees itself and the {@code slidingWindow - 1} before it. */
  SLIDING_ATTENTION;

  String jsonName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
