package org.coldstart.notebook;

/**
 * Escapes text for HTML. Five characters of our own instead of commons-text: a kernel that brings
 * an old commons-lang3 (IJava does) hides the one commons-text needs, and an error here would leave
 * nothing to show errors with.
 */
final class Html {

  private Html() {}

  static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> escaped.append("&amp;");
        case '<' -> escaped.append("&lt;");
        case '>' -> escaped.append("&gt;");
        case '"' -> escaped.append("&quot;");
        case '\'' -> escaped.append("&#39;");
        default -> escaped.append(c);
      }
    }
    return escaped.toString();
  }
}
