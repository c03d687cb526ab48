package org.coldstart.notebook;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Makes Markdown that a model wrote safe to show: its emphasis, lists, tables and code stay, while HTML, links and
 * images become plain text, for a notebook trusts what its own cells put out. A dollar sign stays one, too, instead of
 * beginning a formula.
 *
 * <p>
 * Every {@code <}, {@code &} and {@code [} of the model's is escaped. Markdown would show that escape literally inside
 * code, so code becomes HTML of our own.
 */
final class ReplyMarkdown {

  private static final Pattern FENCE = Pattern.compile("(`{3,}|~{3,})[^`]*");
  private static final Pattern CODE = Pattern.compile("(?<!`)(`+)(?!`)(.+?)(?<!`)\\1(?!`)");

  private ReplyMarkdown() {}

  static String safe(String markdown) {
    StringBuilder safe = new StringBuilder();
    String fence = "";
    for (String line : markdown.split("\\R", -1)) {
      if (fence.isEmpty()) {
        fence = openingFence(line);
        safe.append(fence.isEmpty() ? prose(line) + "\n" : "<pre><code>");
      } else if (closes(line, fence)) {
        fence = "";
        safe.append("</code></pre>\n");
      } else {
        safe.append(code(line)).append('\n');
      }
    }
    return fence.isEmpty() ? safe.substring(0, safe.length() - 1) : safe + "</code></pre>";
  }

  private static String openingFence(String line) {
    Matcher fence = FENCE.matcher(line);
    return fence.matches() ? fence.group(1) : "";
  }

  private static boolean closes(String line, String fence) {
    String mark = line.strip();
    return mark.length() >= fence.length() && mark.chars().allMatch(c -> c == fence.charAt(0));
  }

  private static String prose(String line) {
    StringBuilder safe = new StringBuilder();
    Matcher code = CODE.matcher(line);
    int from = 0;
    while (code.find()) {
      safe.append(escape(line.substring(from, code.start())));
      safe.append("<code>").append(code(code.group(2))).append("</code>");
      from = code.end();
    }
    return safe.append(escape(line.substring(from))).toString();
  }

  /** A dollar sign in a tag of its own begins no formula. */
  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("[", "&#91;").replace("$", "<span>&#36;</span>");
  }

  /** Nothing in code is a mark for Markdown. */
  private static String code(String text) {
    return text.codePoints()
      .mapToObj(c -> Character.isLetterOrDigit(c) || c == ' ' ? Character.toString(c) : "&#" + c + ";")
      .collect(Collectors.joining());
  }
}
