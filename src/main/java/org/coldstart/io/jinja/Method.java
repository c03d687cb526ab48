package org.coldstart.io.jinja;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A filter, a test, or a method of a built-in type: a function of a value and further arguments.
 */
interface Method {
  Object call(Runtime rt, Object self, Args args);

  /** What a method with a {@link #of signature} does. */
  interface Body {
    Object call(Runtime rt, Object self, Bound args);
  }

  /**
   * A method with named parameters.
   *
   * @param signature its name, then its parameters; a {@code ?} marks those that can be left out
   */
  static Method of(String signature, Body body) {
    List<String> words = List.of(signature.split(" "));
    List<String> names =
        words.subList(1, words.size()).stream().map(word -> word.replace("?", "")).toList();
    int required = (int) words.stream().skip(1).filter(word -> !word.endsWith("?")).count();
    return (rt, self, args) -> body.call(rt, self, Bound.bind(words.get(0), names, required, args));
  }

  /** Adds {@link #of a method with named parameters} to a table. */
  static void add(Map<String, Method> table, String signature, Body body) {
    table.put(signature.split(" ")[0], of(signature, body));
  }

  /** Arguments in the order of the parameters. */
  final class Bound {
    private static final Object ABSENT = new Object();
    private final String function;
    private final Object[] values;

    private Bound(String function, Object[] values) {
      this.function = function;
      this.values = values;
    }

    static Bound bind(String function, List<String> names, int required, Args args) {
      Object[] values = new Object[names.size()];
      Arrays.fill(values, ABSENT);
      if (args.positional().size() > names.size()) {
        throw new TemplateException(
            function
                + "() takes at most "
                + names.size()
                + " arguments ("
                + args.positional().size()
                + " given)");
      }
      for (int i = 0; i < args.positional().size(); i++) {
        values[i] = args.positional().get(i);
      }
      args.named()
          .forEach(
              (name, value) -> {
                int i = names.indexOf(name);
                if (i < 0 || values[i] != ABSENT) {
                  throw new TemplateException(
                      function
                          + "() got "
                          + (i < 0
                              ? "an unexpected keyword argument '"
                              : "multiple values for argument '")
                          + name
                          + "'");
                }
                values[i] = value;
              });
      for (int i = 0; i < required; i++) {
        if (values[i] == ABSENT) {
          throw new TemplateException(
              function + "() missing required argument: '" + names.get(i) + "'");
        }
      }
      return new Bound(function, values);
    }

    Object get(int i) {
      return values[i];
    }

    Object get(int i, Object otherwise) {
      return values[i] == ABSENT ? otherwise : values[i];
    }

    /** A text; a {@code none} counts as left out where {@code otherwise} is null. */
    String text(int i, String otherwise) {
      Object value = get(i, otherwise);
      return value == null ? null : text(value);
    }

    String text(int i) {
      return text(values[i]);
    }

    private String text(Object value) {
      if (value instanceof Undefined undefined) {
        throw undefined.error();
      }
      if (!PyText.isText(value)) {
        throw new TemplateException(
            function + "() argument must be str, not " + PyText.typeName(value));
      }
      return value.toString();
    }

    long integer(int i) {
      return Numbers.index(values[i]);
    }

    long integer(int i, long otherwise) {
      return values[i] == ABSENT ? otherwise : integer(i);
    }

    boolean isTrue(int i) {
      return values[i] != ABSENT && PyText.isTrue(values[i]);
    }
  }
}
