package org.coldstart.notebook;

/**
 * Something to show: its rich form for a notebook, and plain text for everywhere else.
 *
 * @param mimeType "text/html" or "text/markdown"
 * @param content the rich form
 * @param text the plain form, also what {@link #toString} gives
 */
public record Rich(String mimeType, String content, String text) {

  static final String FAINT = "color:var(--jp-ui-font-color2,#888);";
  static final String TABLE = "border-collapse:collapse;background:transparent;font-size:13px";
  static final String LINE_BELOW = "border-bottom:1px solid var(--jp-border-color2,#8884);";
  static final String HEADING = FAINT + "font-weight:600;border-bottom:2px solid var(--jp-border-color1,#8888);";

  /** HTML, in which text from elsewhere is escaped already. */
  public static Rich html(String html, String text) {
    return new Rich(Rendering.HTML, html, text);
  }

  /** Escapes text; by no library, for one that is missing could not be reported. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
      .replace("<", "&lt;")
      .replace(">", "&gt;")
      .replace("\"", "&quot;")
      .replace("'", "&#39;");
  }

  /** An element around HTML. */
  static String element(String tag, String style, String html) {
    return "<" + tag + " style=\"" + style + "\">" + html + "</" + tag + ">";
  }

  @Override
  public String toString() {
    return text;
  }
}
