package org.coldstart.io.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Method.Bound;
import org.coldstart.io.jinja.Values.Callable;
import org.coldstart.io.jinja.Values.Function;

/**
 * The functions every template can call: Jinja's, and transformers' {@code raise_exception} and
 * {@code strftime_now}.
 */
final class Globals {
  private Globals() {}

  /** The functions by name, for one rendering. */
  static Map<String, Object> of(Runtime rt) {
    Map<String, Object> globals = new HashMap<>();
    add(
        globals,
        rt,
        "raise_exception message",
        a -> {
          throw new TemplateException(PyText.str(rt, a.get(0)));
        });
    add(globals, rt, "strftime_now format", a -> Strftime.format(a.text(0), rt.clock));
    globals.put("range", new Function("range", args -> range(rt, args)));
    globals.put("namespace", new Function("namespace", args -> namespace(rt, args)));
    globals.put("dict", new DictType(rt));
    globals.put("cycler", new Function("cycler", Globals::cycler));
    add(globals, rt, "joiner sep?", a -> joiner(a.get(0, ", ")));
    return globals;
  }

  private interface Body {
    Object call(Bound args);
  }

  private static void add(Map<String, Object> globals, Runtime rt, String signature, Body body) {
    Method method = Method.of(signature, (runtime, self, args) -> body.call(args));
    String name = signature.split(" ")[0];
    globals.put(name, new Function(name, args -> method.call(rt, null, args)));
  }

  private static Object range(Runtime rt, Args args) {
    List<Object> bounds = args.positional();
    if (bounds.isEmpty() || bounds.size() > 3 || !args.named().isEmpty()) {
      throw new TemplateException(
          "range expected 1 to 3 arguments, got " + (bounds.size() + args.named().size()));
    }
    long start = bounds.size() == 1 ? 0 : Numbers.index(integer(bounds.get(0)));
    long stop = Numbers.index(integer(bounds.get(bounds.size() == 1 ? 0 : 1)));
    long step = bounds.size() < 3 ? 1 : Numbers.index(integer(bounds.get(2)));
    if (step == 0) {
      throw new TemplateException("range() arg 3 must not be zero");
    }
    double size = Math.max(0, Math.ceil(((double) stop - start) / step));
    if (size > rt.limits.range()) {
      throw new TemplateException(
          "Range too big. The sandbox blocks ranges larger than MAX_RANGE ("
              + rt.limits.range()
              + ").");
    }
    return new Values.Range(start, stop, step, (int) size);
  }

  private static Object integer(Object value) {
    if (!Numbers.isInteger(value) && !(value instanceof Undefined)) {
      throw new TemplateException(
          "'" + PyText.typeName(value) + "' object cannot be interpreted as an integer");
    }
    return value;
  }

  private static Object namespace(Runtime rt, Args args) {
    Map<String, Object> attributes = new java.util.LinkedHashMap<>();
    dict(rt, args).forEach((key, value) -> attributes.put(checkedAttribute(key), value));
    return new Values.Namespace(attributes);
  }

  /** The name, unless it starts with an underscore, which transformers refuses on namespaces. */
  static String checkedAttribute(Object name) {
    if (String.valueOf(name).startsWith("_")) {
      throw new TemplateException(
          "Chat templates cannot store underscore-prefixed attributes on a namespace, but got "
              + PyText.quote(String.valueOf(name))
              + ". Please rename the attribute.");
    }
    return String.valueOf(name);
  }

  private static Map<Object, Object> dict(Runtime rt, Args args) {
    Map<Object, Object> made = Values.dict();
    if (args.positional().size() > 1) {
      throw new TemplateException(
          "dict expected at most 1 argument, got " + args.positional().size());
    }
    for (Object from : args.positional()) {
      if (from instanceof Map<?, ?> map) {
        map.forEach(made::put);
      } else {
        Iteration.iterator(rt, from).forEachRemaining(item -> putPair(rt, made, item));
      }
    }
    made.putAll(args.named());
    rt.checkItems(made.size());
    return made;
  }

  private static void putPair(Runtime rt, Map<Object, Object> into, Object item) {
    List<Object> pair = Iteration.list(rt, item);
    if (pair.size() != 2) {
      throw new TemplateException(
          "dictionary update sequence element has length " + pair.size() + "; 2 is required");
    }
    Dicts.put(rt, into, pair.get(0), pair.get(1));
  }

  private static Object cycler(Args args) {
    if (args.positional().isEmpty()) {
      throw new TemplateException("at least one item has to be provided");
    }
    return new Values.Cycler(args.positional());
  }

  private static Object joiner(Object separator) {
    boolean[] used = {false};
    return new Function(
        "joiner",
        args -> {
          Object text = used[0] ? separator : "";
          used[0] = true;
          return text;
        });
  }

  /** {@code dict(…)} and {@code dict.fromkeys(…)}. */
  private record DictType(Runtime rt) implements Callable, Members {
    @Override
    public Object call(Args args) {
      return dict(rt, args);
    }

    @Override
    public Object member(String name) {
      return name.equals("fromkeys")
          ? new Function(name, args -> ContainerMethods.DICT.get(name).call(rt, Map.of(), args))
          : Values.MISSING;
    }
  }
}
