package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import org.coldstart.io.jinja.Values.TemplateNamespace;
import org.coldstart.io.jinja.Values.Tuple;
import org.coldstart.io.jinja.Values.Undefined;

/** Attributes, items and slices of values, as Jinja's immutable sandbox allows them. */
final class Lookup {
  /** The methods that the sandbox refuses, by type. */
  private static final Map<String, Set<String>> CHANGES = Map.of("list",
      Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"), "dict",
      Set.of("clear", "pop", "popitem", "setdefault", "update"));

  private Lookup() {}

  /** {@code object.name}: the type's own attribute first, then an item. */
  static Object attribute(Object object, String name) {
    Object own = ownAttribute(Values.require(object), name);
    if (own == Values.MISSING && object instanceof Map<?, ?> dict) {
      own = get(dict, name, own);
    }
    return own != Values.MISSING ? own : missing(object, name);
  }

  /** {@code object[key]}: an item first, then the type's own attribute. */
  static Object item(Object object, Object key) {
    Object found = Values.MISSING;
    if (Values.require(object) instanceof Map<?, ?> dict) {
      boolean hashable = key instanceof Tuple || !(key instanceof List || key instanceof Map);
      found = hashable ? get(dict, key, Values.MISSING) : Values.MISSING;
    } else if (Values.isInteger(key) && (object instanceof List || object instanceof String)) {
      Budget.value(object);
      long length = Values.length(object);
      long index = Operators.index(key);
      index += index < 0 ? length : 0;
      if (index >= 0 && index < length) {
        found = object instanceof List<?> list ? list.get((int) index) : character(object.toString(), (int) index);
      }
    }
    if (found == Values.MISSING && key instanceof String) {
      found = ownAttribute(object, key.toString());
    }
    return found != Values.MISSING ? found : missing(object, key);
  }

  private static String character(String text, int index) {
    return Character.toString(text.codePointAt(text.offsetByCodePoints(0, index)));
  }

  private static Undefined missing(Object object, Object key) {
    String owner = object == null ? "None" : Values.typeName(object) + " object";
    return new Undefined(
        key instanceof String ? "'%s' has no attribute %s".formatted(owner, Texts.quote(key.toString()))
            : "%s has no element %s".formatted(owner, Values.summary(key)));
  }

  /**
   * What the type itself has under that name; missing if nothing, undefined with an error if it is not allowed.
   */
  private static Object ownAttribute(Object object, String name) {
    if (object instanceof TemplateNamespace namespace) {
      return namespace.attributes().getOrDefault(name, Values.MISSING);
    }
    if (CHANGES.getOrDefault(Values.typeName(object), Set.of()).contains(name)
        || name.startsWith("__") && name.endsWith("__") && name.length() > 4) {
      return new Undefined(
          "access to attribute '%s' of '%s' object is unsafe.".formatted(name, Values.typeName(object)));
    }
    if (object instanceof Values.WithMembers owner) {
      return owner.member(name);
    }
    Builtin method = Methods.of(object).get(name);
    return method == null ? Values.MISSING : (Values.Callable) args -> method.apply(object, args);
  }

  /**
   * The value at {@code 'a'}, {@code 'a.b'}, {@code 'a.0'} or a number, as filters take it; the item itself if the path
   * is null.
   *
   * @param otherwise in place of what is undefined, unless null
   */
  static Object path(Object item, Object path, Object otherwise) {
    if (path == null) {
      return item;
    }
    Object value = item;
    List<?> parts = path instanceof String ? Texts.split(path.toString(), ".", -1) : List.of(path);
    for (Object part : parts) {
      boolean index = part instanceof String name && name.matches("[0-9]{1,9}");
      value = item(value, index ? (Object) Long.valueOf(part.toString()) : part);
      value = otherwise != null && value instanceof Undefined ? otherwise : value;
    }
    return value;
  }

  /** {@code object[from:to:step]}; a bound that is left out is null. */
  static Object slice(Object object, Object from, Object to, Object step) {
    if (Values.require(object) instanceof String text) {
      Budget.value(text);
      int[] characters = text.codePoints().toArray();
      StringBuilder part = new StringBuilder();
      each(characters.length, from, to, step, i -> part.appendCodePoint(characters[i]));
      return part.toString();
    }
    if (object instanceof List<?> list) {
      Budget.items(list.size());
      List<Object> part = new ArrayList<>();
      each(list.size(), from, to, step, i -> part.add(list.get(i)));
      return Values.like(object, part);
    }
    throw object instanceof Map ? new TemplateException("unhashable type: 'slice'")
        : new TemplateException("'%s' object is not subscriptable", Values.typeName(object));
  }

  private static void each(int length, Object from, Object to, Object step, IntConsumer visit) {
    long stride = bound(step, 1, -length - 1, length + 1, 0);
    if (stride == 0) {
      throw new TemplateException("slice step cannot be zero");
    }
    boolean forward = stride > 0;
    long low = forward ? 0 : -1;
    long high = forward ? length : length - 1;
    long end = bound(to, forward ? high : low, low, high, length);
    for (long i = bound(from, forward ? low : high, low, high, length); forward ? i < end : i > end; i += stride) {
      visit.accept((int) i);
    }
  }

  /** A slice's bound within {@code low} and {@code high}; negative, it counts from the end. */
  private static long bound(Object bound, long otherwise, long low, long high, int length) {
    if (bound == null) {
      return otherwise;
    }
    if (!Values.isInteger(bound)) {
      throw new TemplateException("slice indices must be integers or None or have an __index__ method");
    }
    long index = Operators.index(bound);
    return Math.max(low, Math.min(high, index < 0 ? index + length : index));
  }

  /** The value of a dict's key, or {@code otherwise}. */
  static Object get(Map<?, ?> dict, Object key, Object otherwise) {
    Object found = find(dict, key);
    return dict.containsKey(found) ? dict.get(found) : otherwise;
  }

  /** Sets an entry, under the equal key that is there already if there is one. */
  static void put(Map<Object, Object> dict, Object key, Object value) {
    dict.put(find(dict, key), value);
  }

  /** The dict's key that is equal, as {@code 1}, {@code 1.0} and {@code true} are; else the key. */
  private static Object find(Map<?, ?> dict, Object key) {
    requireHashable(key);
    if (!dict.containsKey(key) && Values.isNumber(key)) {
      Budget.steps(dict.size());
      for (Object other : dict.keySet()) {
        if (Values.isNumber(other) && Operators.equal(other, key)) {
          return other;
        }
      }
    }
    return key;
  }

  private static void requireHashable(Object key) {
    if (key instanceof Tuple tuple) {
      Budget.enter();
      tuple.forEach(Lookup::requireHashable);
      Budget.leave();
    } else if (key instanceof Map || key instanceof List) {
      throw new TemplateException("unhashable type: '%s'", Values.typeName(key));
    }
  }
}
