package org.coldstart.io.jinja;

/**
 * What one parse or one rendering may use before it ends with an error. Chat templates are code
 * from strangers; the defaults are far above what a conversation needs and end a runaway template
 * in about a second.
 *
 * @param steps statements and expressions executed, and work on long values, in all
 * @param length characters of the output, and of any one string
 * @param items items of any one list
 * @param range items of {@code range(…)}; Jinja's own sandbox has 100,000
 * @param digits decimal digits of an integer; Python's own limit on printing one is 4,300
 * @param depth nesting of what is executed: macros in macros, expressions in expressions
 * @param nesting nesting in the template's source: parentheses, blocks
 */
public record Limits(
    long steps, int length, int items, int range, int digits, int depth, int nesting) {
  /** The limits every template runs under unless told otherwise. */
  public static final Limits DEFAULT =
      new Limits(10_000_000, 1 << 24, 1_000_000, 100_000, 4_300, 1_500, 100);
}
