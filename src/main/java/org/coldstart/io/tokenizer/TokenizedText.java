package org.coldstart.io.tokenizer;

import java.util.List;
import org.coldstart.io.jinja.Span;

/**
 * A text as tokens.
 *
 * @param ids one a token
 * @param offsets where each stands in the text, in Java chars
 */
public record TokenizedText(int[] ids, List<Span> offsets) {}
