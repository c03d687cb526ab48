package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** A filter, a test or a method: a function of a value and further arguments. */
interface Builtin {
  Object call(Object self, Args args);

  /** Calls it, within the budget. */
  default Object apply(Object self, Args args) {
    Budget.steps(1);
    Budget.value(self);
    return call(self, args);
  }

  /** The function of that name; {@code kind} is for the error. */
  static Builtin named(Object name, Map<String, Builtin> table, String kind) {
    Builtin found = table.get(Values.str(name));
    if (found == null) {
      throw new TemplateException("No %s named '%s'.", kind, Values.str(name));
    }
    return found;
  }

  /**
   * Adds a function with named parameters, whose body gets them {@link Args#bind bound}.
   *
   * @param signature its names separated by commas, then its parameters; a {@code ?} marks those that can be left out
   */
  static void add(Map<String, Builtin> table, String signature, Builtin body) {
    List<String> words = Arrays.asList(signature.split(" "));
    List<String> parameters = words.stream().skip(1).map(word -> word.replace("?", "")).toList();
    int required = (int) words.stream().skip(1).filter(word -> !word.endsWith("?")).count();
    for (String name : words.get(0).split(",")) {
      table.put(name, (self, args) -> body.call(self, args.bind(name, parameters, required)));
    }
  }

  /** The arguments of a call: by position and by name. */
  record Args(List<Object> positional, Map<String, Object> named) {
    static final Args NONE = new Args(List.of(), Map.of());

    /** The same call without its first argument by position. */
    Args rest() {
      return new Args(positional.subList(1, positional.size()), named);
    }

    /**
     * All arguments by position, in the order of a function's parameters; those left out are {@link Values#MISSING}.
     *
     * @param required how many parameters, from the first, cannot be left out
     */
    Args bind(String function, List<String> parameters, int required) {
      if (positional.size() > parameters.size()) {
        throw new TemplateException("%s() takes at most %d arguments (%d given)", function, parameters.size(),
            positional.size());
      }
      List<Object> values = new ArrayList<>(positional);
      values.addAll(Collections.nCopies(parameters.size() - values.size(), Values.MISSING));
      named.forEach((name, value) -> {
        int i = parameters.indexOf(name);
        if (i < 0 || values.get(i) != Values.MISSING) {
          throw new TemplateException("%s() got an unexpected argument '%s'", function, name);
        }
        values.set(i, value);
      });
      int missing = values.indexOf(Values.MISSING);
      if (missing >= 0 && missing < required) {
        throw new TemplateException("%s() missing required argument: '%s'", function, parameters.get(missing));
      }
      return new Args(values, Map.of());
    }

    Object get(int i) {
      return positional.get(i);
    }

    Object get(int i, Object otherwise) {
      return get(i) == Values.MISSING ? otherwise : get(i);
    }

    /** An argument that must be a text. */
    String text(int i) {
      if (!(Values.require(get(i)) instanceof String)) {
        throw new TemplateException("argument %d must be str, not %s", i + 1, Values.typeName(get(i)));
      }
      return get(i).toString();
    }

    /** A text, or {@code otherwise} if it is left out or {@code none}. */
    String text(int i, String otherwise) {
      return get(i, null) == null ? otherwise : text(i);
    }

    long integer(int i) {
      return Operators.index(get(i));
    }

    /** An integer, or {@code otherwise} if it is left out or {@code none}. */
    long integer(int i, long otherwise) {
      return get(i, null) == null ? otherwise : integer(i);
    }

    boolean isTrue(int i) {
      return Values.isTrue(get(i, false));
    }
  }
}
