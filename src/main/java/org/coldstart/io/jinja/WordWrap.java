package org.coldstart.io.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.coldstart.io.jinja.Method.Bound;

/**
 * The {@code wordwrap} filter: each line broken at blanks (and hyphens) as Python's {@code
 * textwrap} does.
 */
final class WordWrap {
  private static final Pattern CHUNK = Pattern.compile("\\s+|[^\\s]+");
  private static final Pattern HYPHENATED =
      Pattern.compile("[^\\s-]*[\\p{L}\\p{N}_]{2}-(?=[\\p{L}_]{2})|[^\\s-]+-*|-+");

  private final int width;
  private final boolean breakWords;
  private final boolean breakHyphens;

  private WordWrap(int width, boolean breakWords, boolean breakHyphens) {
    this.width = width;
    this.breakWords = breakWords;
    this.breakHyphens = breakHyphens;
  }

  static Object filter(Runtime rt, Object value, Bound args) {
    long width = args.integer(0, 79);
    if (width <= 0) {
      throw new TemplateException("invalid width " + width + " (must be > 0)");
    }
    WordWrap wrap =
        new WordWrap(
            (int) Math.min(width, Integer.MAX_VALUE),
            PyText.isTrue(args.get(1, true)),
            PyText.isTrue(args.get(3, true)));
    String separator = args.text(2, null) == null ? "\n" : args.text(2);
    List<String> lines = new ArrayList<>();
    for (Object line : Splitting.lines(rt, PyText.str(rt, value), false)) {
      lines.add(String.join(separator, wrap.lines(line.toString())));
    }
    return String.join(separator, lines);
  }

  private List<String> lines(String text) {
    Deque<String> chunks = new ArrayDeque<>(chunks(text));
    List<String> lines = new ArrayList<>();
    while (!chunks.isEmpty()) {
      if (!lines.isEmpty() && PyText.isBlank(chunks.peek())) {
        chunks.pop();
      }
      StringBuilder line = new StringBuilder();
      while (!chunks.isEmpty() && line.length() + chunks.peek().length() <= width) {
        line.append(chunks.pop());
      }
      if (!chunks.isEmpty() && chunks.peek().length() > width) {
        breakWord(chunks, line);
      }
      String kept = PyText.stripRight(line.toString());
      if (!kept.isEmpty()) {
        lines.add(kept);
      }
    }
    return lines;
  }

  private void breakWord(Deque<String> chunks, StringBuilder line) {
    int room = Math.max(1, width - line.length());
    if (breakWords) {
      String word = chunks.pop();
      int hyphen = breakHyphens && word.length() > room ? word.lastIndexOf('-', room - 1) : -1;
      int end =
          hyphen > 0 && word.substring(0, hyphen).chars().anyMatch(c -> c != '-')
              ? hyphen + 1
              : room;
      line.append(word, 0, end);
      chunks.push(word.substring(end));
    } else if (line.length() == 0) {
      line.append(chunks.pop());
    }
  }

  private List<String> chunks(String text) {
    List<String> chunks = new ArrayList<>();
    Matcher chunk = CHUNK.matcher(text);
    while (chunk.find()) {
      if (breakHyphens && !PyText.isBlank(chunk.group())) {
        HYPHENATED.matcher(chunk.group()).results().forEach(part -> chunks.add(part.group()));
      } else {
        chunks.add(chunk.group());
      }
    }
    return chunks;
  }
}
