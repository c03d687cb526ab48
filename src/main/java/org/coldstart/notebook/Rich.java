package org.coldstart.notebook;

/**
 * Something to show: its rich form for a notebook, and plain text for everywhere else.
 *
 * @param mimeType "text/html" or "text/markdown"
 * @param content the rich form
 * @param text the plain form, also what {@link #toString} gives
 */
public record Rich(String mimeType, String content, String text) {

  /** HTML, in which text from elsewhere is escaped already. */
  public static Rich html(String html, String text) {
    return new Rich(Rendering.HTML, html, text);
  }

  @Override
  public String toString() {
    return text;
  }
}
