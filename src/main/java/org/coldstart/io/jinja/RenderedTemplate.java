package org.coldstart.io.jinja;

import java.util.List;

/**
 * A rendered conversation and the parts of it that the assistant is to generate.
 *
 * @param text the rendered conversation
 * @param generated where the template's {@code {% generation %}} blocks lie in {@code text}, in order; empty for a
 * template without such blocks
 */
public record RenderedTemplate(String text, List<Span> generated) {
  /** Copies the list. */
  public RenderedTemplate {
    generated = List.copyOf(generated);
  }
}
