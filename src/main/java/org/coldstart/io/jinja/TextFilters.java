package org.coldstart.io.jinja;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.coldstart.io.jinja.Method.Bound;
import org.coldstart.io.jinja.Values.Markup;

/** Filters on texts. */
final class TextFilters {
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{M}\\p{N}_]+");
  private static final Pattern WORD_BEGIN = Pattern.compile("[-\\s({\\[<]+");
  private static final Pattern TAGS = Pattern.compile("<!--.*?-->|<[^>]*>", Pattern.DOTALL);

  private TextFilters() {}

  private interface TextBody {
    String call(Runtime rt, String text, Bound args);
  }

  /** A filter from text to text; one marked as HTML stays marked. */
  private static void text(Map<String, Method> filters, String signature, TextBody body) {
    Method.add(
        filters,
        signature,
        (rt, value, args) -> {
          String result = body.call(rt, PyText.str(rt, value), args);
          return value instanceof Markup ? new Markup(result) : result;
        });
  }

  static void addTo(Map<String, Method> filters) {
    text(filters, "upper", (rt, s, a) -> s.toUpperCase(Locale.ROOT));
    text(filters, "lower", (rt, s, a) -> s.toLowerCase(Locale.ROOT));
    text(filters, "capitalize", (rt, s, a) -> TextMethods.capitalize(s));
    text(filters, "title", (rt, s, a) -> title(s));
    text(filters, "trim chars?", (rt, s, a) -> TextMethods.strip(s, a.text(0, null), true, true));
    text(filters, "center width?", (rt, s, a) -> Padding.center(rt, s, a.integer(0, 80), ' '));
    text(filters, "string", (rt, s, a) -> s);
    Method.add(
        filters,
        "replace old new count?",
        (rt, value, a) ->
            TextMethods.replace(
                rt,
                PyText.str(rt, value),
                PyText.str(rt, a.get(0)),
                PyText.str(rt, a.get(1)),
                a.get(2, null) == null ? -1 : a.integer(2)));
    Method.add(filters, "indent width? first? blank?", TextFilters::indent);
    Method.add(filters, "truncate length? killwords? end? leeway?", TextFilters::truncate);
    Method.add(
        filters,
        "wordwrap width? break_long_words? wrapstring? break_on_hyphens?",
        WordWrap::filter);
    Method.add(
        filters,
        "wordcount",
        (rt, value, a) -> WORD.matcher(PyText.str(rt, value)).results().count());
    Method.add(filters, "safe", (rt, value, a) -> new Markup(PyText.str(rt, value)));
    Method.add(
        filters,
        "escape",
        (rt, value, a) -> value instanceof Markup ? value : Markup.escape(PyText.str(rt, value)));
    Method.add(filters, "forceescape", (rt, value, a) -> Markup.escape(PyText.str(rt, value)));
    Method.add(filters, "striptags", (rt, value, a) -> stripTags(rt, PyText.str(rt, value)));
    Method.add(filters, "urlencode", (rt, value, a) -> urlEncode(rt, value));
    Method.add(filters, "xmlattr autospace?", TextFilters::xmlAttributes);
    filters.put("format", TextFilters::format);
  }

  /**
   * Upper case after a blank, a hyphen or a bracket, lower case elsewhere: unlike {@code
   * str.title}.
   */
  private static String title(String text) {
    StringBuilder out = new StringBuilder();
    Matcher separator = WORD_BEGIN.matcher(text);
    int position = 0;
    while (separator.find()) {
      out.append(upperFirst(text.substring(position, separator.start()))).append(separator.group());
      position = separator.end();
    }
    return out.append(upperFirst(text.substring(position))).toString();
  }

  private static String upperFirst(String word) {
    if (word.isEmpty()) {
      return word;
    }
    int first = Character.charCount(word.codePointAt(0));
    return word.substring(0, first).toUpperCase(Locale.ROOT)
        + word.substring(first).toLowerCase(Locale.ROOT);
  }

  private static Object indent(Runtime rt, Object value, Bound args) {
    if (!PyText.isText(value)) {
      throw value instanceof Undefined undefined
          ? undefined.error()
          : new TemplateException(
              "unsupported operand type(s) for +=: '" + PyText.typeName(value) + "' and 'str'");
    }
    Object width = args.get(0, 4L);
    String indention =
        PyText.isText(width)
            ? width.toString()
            : Padding.fill(rt, Math.max(0, Numbers.index(width)), ' ');
    boolean blank = args.isTrue(2);
    List<Object> lines = Splitting.lines(rt, value + "\n", false);
    rt.checkText((long) indention.length() * lines.size() + value.toString().length());
    StringBuilder out = new StringBuilder(args.isTrue(1) ? indention : "");
    for (int i = 0; i < lines.size(); i++) {
      String line = (String) lines.get(i);
      boolean indented = i > 0 && (blank || !line.isEmpty());
      out.append(i > 0 ? "\n" : "").append(indented ? indention : "").append(line);
    }
    return value instanceof Markup ? new Markup(out.toString()) : out.toString();
  }

  private static Object truncate(Runtime rt, Object value, Bound args) {
    String text = PyText.str(rt, value);
    long length = args.integer(0, 255);
    String end = args.text(2, "...");
    long leeway = args.get(3, null) == null ? 5 : args.integer(3);
    if (length < end.length() || leeway < 0) {
      throw new TemplateException(
          "truncate: expected length >= " + end.length() + " and leeway >= 0");
    }
    if (PyText.length(value) <= length + leeway) {
      return value;
    }
    String cut = text.substring(0, text.offsetByCodePoints(0, (int) length - end.length()));
    int blank = cut.lastIndexOf(' ');
    return (args.isTrue(1) || blank < 0 ? cut : cut.substring(0, blank)) + end;
  }

  private static Object stripTags(Runtime rt, String text) {
    String bare = TAGS.matcher(text).replaceAll("");
    List<Object> words = Splitting.split(rt, bare, null, -1);
    return String.join(" ", words.stream().map(Object::toString).toList())
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
  }

  private static Object urlEncode(Runtime rt, Object value) {
    if (PyText.isText(value) || !Iteration.isIterable(value)) {
      return quoteUrl(PyText.str(rt, value), "/", "%20");
    }
    Object pairs = value instanceof Map<?, ?> map ? ContainerMethods.items(rt, map) : value;
    List<String> parts = new ArrayList<>();
    for (Object item : Iteration.list(rt, pairs)) {
      List<Object> pair = Iteration.list(rt, item);
      if (pair.size() != 2) {
        throw new TemplateException("urlencode needs pairs");
      }
      parts.add(
          quoteUrl(PyText.str(rt, pair.get(0)), "%2F", "+")
              + "="
              + quoteUrl(PyText.str(rt, pair.get(1)), "%2F", "+"));
    }
    return String.join("&", parts);
  }

  private static String quoteUrl(String text, String slash, String blank) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8)
        .replace("+", blank)
        .replace("*", "%2A")
        .replace("%7E", "~")
        .replace("%2F", slash);
  }

  private static Object xmlAttributes(Runtime rt, Object value, Bound args) {
    if (!(value instanceof Map<?, ?> map)) {
      throw new TemplateException("xmlattr needs a mapping");
    }
    StringBuilder out = new StringBuilder();
    map.forEach(
        (key, attribute) -> {
          String name = PyText.str(rt, key);
          if (name.matches("(?s).*[ \\t\\n\\r\\f\\x0b/>=].*")) {
            throw new TemplateException(
                "Invalid character in attribute name: " + PyText.quote(name));
          }
          if (attribute != null && !(attribute instanceof Undefined)) {
            out.append(out.length() == 0 ? "" : " ")
                .append(Markup.escape(name))
                .append("=\"")
                .append(
                    attribute instanceof Markup markup
                        ? markup
                        : Markup.escape(PyText.str(rt, attribute)))
                .append('"');
          }
        });
    boolean spaced = PyText.isTrue(args.get(0, true));
    return out.length() > 0 && spaced ? " " + out : out.toString();
  }

  private static Object format(Runtime rt, Object value, Args args) {
    if (!args.positional().isEmpty() && !args.named().isEmpty()) {
      throw new TemplateException("can't handle positional and keyword arguments at the same time");
    }
    Object format = PyText.isText(value) ? value : PyText.str(rt, value);
    return PercentFormat.format(
        rt, format, args.named().isEmpty() ? new Tuple(args.positional()) : args.named());
  }
}
