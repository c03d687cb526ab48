package org.coldstart.io.jinja;

import java.time.Clock;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.coldstart.io.jinja.Builtin.Args;
import org.coldstart.io.jinja.Values.Callable;
import org.coldstart.io.jinja.Values.TemplateNamespace;

/**
 * The functions every template can call: Jinja's, and transformers' {@code raise_exception} and {@code strftime_now}.
 */
final class Globals {
  private static final Pattern TIME_FIELD = Pattern.compile("%([-_0]?)([a-zA-Z%])");

  /** Java's patterns for the letters of {@code strftime}. */
  private static final Map<String, String> TIME_PATTERNS = Arrays
    .stream(("a=EEE|A=EEEE|b=MMM|h=MMM|B=MMMM|c=EEE MMM ppd HH:mm:ss yyyy|d=dd|D=MM/dd/yy|x=MM/dd/yy|e=ppd|f=SSSSSS"
        + "|F=yyyy-MM-dd|H=HH|I=hh|j=DDD|k=ppH|l=pph|m=MM|M=mm|n='\n'|p=a|r=hh:mm:ss a|R=HH:mm|S=ss|t='\t'|T=HH:mm:ss"
        + "|X=HH:mm:ss|y=yy|Y=yyyy|z=|Z=|%='%'")
      .split("\\|"))
    .collect(Collectors.toMap(entry -> entry.substring(0, 1), entry -> entry.substring(2)));

  private Globals() {}

  /** The functions by name, for one rendering. */
  static Map<String, Object> of(Clock clock) {
    Map<String, Builtin> table = new HashMap<>();
    Builtin.add(table, "range start stop? step?", (self, a) -> range(a));
    Builtin.add(table, "joiner sep?", (self, a) -> joiner(a.get(0, ", ")));
    Builtin.add(table, "strftime_now format", (self, a) -> strftime(a.text(0), clock));
    Builtin.add(table, "raise_exception message", (self, a) -> { throw new TemplateException(Values.str(a.get(0))); });
    table.put("dict", (self, args) -> dict(args));
    table.put("namespace", (self, args) -> namespace(dict(args)));
    Map<String, Object> globals = new HashMap<>();
    table.forEach((name, function) -> globals.put(name, (Callable) args -> function.call(null, args)));
    return globals;
  }

  private static Object range(Args args) {
    boolean onlyStop = args.get(1) == Values.MISSING;
    long start = onlyStop ? 0 : args.integer(0);
    long stop = args.integer(onlyStop ? 0 : 1);
    long step = args.integer(2, 1);
    if (step == 0) {
      throw new TemplateException("range() arg 3 must not be zero");
    }
    double size = Math.ceil(((double) stop - start) / step);
    if (size > Budget.MAX_RANGE) {
      throw new TemplateException("Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).",
          Budget.MAX_RANGE);
    }
    List<Object> items = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      items.add(start + i * step);
    }
    return items;
  }

  private static Map<Object, Object> dict(Args args) {
    Map<Object, Object> made = new LinkedHashMap<>();
    for (Object from : args.positional()) {
      Object pairs = from instanceof Map<?, ?> map ? Methods.items(map) : from;
      for (Object item : Values.list(pairs)) {
        List<Object> pair = Values.list(item);
        if (pair.size() != 2) {
          throw new TemplateException("dictionary update sequence element has length %d; 2 is required", pair.size());
        }
        Lookup.put(made, pair.get(0), pair.get(1));
      }
    }
    made.putAll(args.named());
    return made;
  }

  private static Object namespace(Map<Object, Object> attributes) {
    attributes.keySet().forEach(name -> attribute(String.valueOf(name)));
    return new TemplateNamespace(attributes);
  }

  /** The name, unless it starts with an underscore, which transformers refuses on namespaces. */
  static String attribute(String name) {
    if (name.startsWith("_")) {
      throw new TemplateException(
          "Chat templates cannot store underscore-prefixed attributes on a namespace, but got %s."
              + " Please rename the attribute.",
          Texts.quote(name));
    }
    return name;
  }

  private static Object joiner(Object separator) {
    boolean[] used = {false};
    return (Callable) args -> {
      Object text = used[0] ? separator : "";
      used[0] = true;
      return text;
    };
  }

  /** The clock's time in its zone, as Python's {@code strftime} prints it in the C locale. */
  private static String strftime(String format, Clock clock) {
    LocalDateTime time = LocalDateTime.now(clock);
    return TIME_FIELD.matcher(format).replaceAll(directive -> {
      String field = field(directive.group(2), time);
      String bare = field.replaceFirst("^[0 ]+(?=\\d)", "");
      String spaces = " ".repeat(field.length() - bare.length());
      return Matcher.quoteReplacement(switch (directive.group(1)) {
      case "-" -> bare;
      case "_" -> spaces + bare;
      default -> field;
      });
    });
  }

  private static String field(String letter, LocalDateTime time) {
    String pattern = TIME_PATTERNS.get(letter);
    if (pattern == null) {
      throw new TemplateException("strftime_now: %%%s is not supported", letter);
    }
    return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(time);
  }
}
