package org.coldstart.notebook;

/**
 * Something to show: its rich form for a notebook, and plain text for everywhere else.
 *
 * @param mimeType "text/html" or "text/markdown"
 * @param content the rich form
 * @param text the plain form, also what {@link #toString} gives
 */
public record Rich(String mimeType, String content, String text) {

  /** HTML; whoever builds it has escaped what is not ours. */
  public static Rich html(String html, String text) {
    return new Rich(Rendering.HTML, html, text);
  }

  /** Markdown, shown by the notebook as it shows a Markdown cell. */
  public static Rich markdown(String markdown) {
    return new Rich(Rendering.MARKDOWN, markdown, markdown);
  }

  @Override
  public String toString() {
    return text;
  }
}
