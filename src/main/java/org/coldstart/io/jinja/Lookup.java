package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.coldstart.io.jinja.Values.Function;

/** Attributes, items and slices of values, as Jinja's immutable sandbox allows them. */
final class Lookup {
  private static final Set<String> CHANGES_LIST =
      Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
  private static final Set<String> CHANGES_DICT =
      Set.of("clear", "pop", "popitem", "setdefault", "update");

  private Lookup() {}

  /** {@code object.name}: the type's own method first, then an item. */
  static Object attribute(Runtime rt, Object object, String name) {
    Object own = ownAttribute(rt, object, name);
    if (own != Values.MISSING) {
      return own;
    }
    return object instanceof Map<?, ?> dict
        ? Dicts.get(rt, dict, name, Undefined.of(object, name))
        : Undefined.of(object, name);
  }

  /** {@code object[key]}: an item first, then the type's own method. */
  static Object item(Runtime rt, Object object, Object key) {
    if (object instanceof Undefined undefined) {
      throw undefined.error();
    }
    Object found = plainItem(rt, object, key);
    if (found != Values.MISSING) {
      return found;
    }
    Object own = PyText.isText(key) ? ownAttribute(rt, object, key.toString()) : Values.MISSING;
    return own != Values.MISSING
        ? own
        : Undefined.of(object, key instanceof Values.Markup ? key.toString() : key);
  }

  private static Object plainItem(Runtime rt, Object object, Object key) {
    if (object instanceof Map<?, ?> dict) {
      boolean hashable = !(key instanceof Map) && !(key instanceof List && !(key instanceof Tuple));
      return hashable ? Dicts.get(rt, dict, key, Values.MISSING) : Values.MISSING;
    }
    if (!Numbers.isInteger(key)) {
      return Values.MISSING;
    }
    long index = Numbers.index(key);
    if (object instanceof List<?> list) {
      long at = index < 0 ? index + list.size() : index;
      return at >= 0 && at < list.size() ? list.get((int) at) : Values.MISSING;
    }
    return PyText.isText(object) ? character(rt, object, index) : Values.MISSING;
  }

  private static Object character(Runtime rt, Object text, long index) {
    String string = text.toString();
    rt.checkText(string.length());
    int length = string.codePointCount(0, string.length());
    long at = index < 0 ? index + length : index;
    if (at < 0 || at >= length) {
      return Values.MISSING;
    }
    int start = string.offsetByCodePoints(0, (int) at);
    return like(text, string.substring(start, string.offsetByCodePoints(start, 1)));
  }

  private static Object like(Object text, String part) {
    return text instanceof Values.Markup ? new Values.Markup(part) : part;
  }

  /**
   * What the type itself has under that name; missing if nothing, undefined with an error if it is
   * not allowed.
   */
  private static Object ownAttribute(Runtime rt, Object object, String name) {
    if (object instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (object instanceof Values.Namespace namespace) {
      return namespace.attributes().containsKey(name)
          ? namespace.attributes().get(name)
          : Values.MISSING;
    }
    boolean changes =
        object instanceof Map
            ? CHANGES_DICT.contains(name)
            : object instanceof List && !(object instanceof Tuple) && CHANGES_LIST.contains(name);
    if (changes || name.startsWith("__") && name.endsWith("__") && name.length() > 4) {
      return new Undefined(
          "access to attribute '"
              + name
              + "' of '"
              + PyText.typeName(object)
              + "' object is unsafe.");
    }
    Object member =
        object instanceof Members members
            ? members.member(name)
            : TypeMembers.find(rt, object, name);
    return member != Values.MISSING ? member : method(rt, object, name);
  }

  private static Object method(Runtime rt, Object object, String name) {
    Map<String, Method> methods =
        PyText.isText(object)
            ? TextMethods.ALL
            : object instanceof Map
                ? ContainerMethods.DICT
                : object instanceof List && !(object instanceof Values.Range)
                    ? ContainerMethods.LIST
                    : Map.of();
    Method method = methods.get(name);
    if (method == null) {
      return Values.MISSING;
    }
    return new Function(
        name,
        args -> {
          if (PyText.isText(object)) {
            rt.checkText(object.toString().length());
          }
          return method.call(rt, object, args);
        });
  }

  /** {@code object[from:to:step]}; a bound that is left out is null. */
  static Object slice(Runtime rt, Object object, Object from, Object to, Object step) {
    if (object instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (!PyText.isText(object) && !(object instanceof List)) {
      String name = PyText.typeName(object);
      throw new TemplateException(
          object instanceof Map
              ? "unhashable type: 'slice'"
              : "'" + name + "' object is not subscriptable");
    }
    if (PyText.isText(object)) {
      return like(object, sliceText(rt, object.toString(), from, to, step));
    }
    List<Object> part = sliceList(rt, (List<?>) object, from, to, step);
    return object instanceof Tuple ? new Tuple(part) : part;
  }

  private static String sliceText(Runtime rt, String text, Object from, Object to, Object step) {
    rt.checkText(text.length());
    int[] characters = text.codePoints().toArray();
    StringBuilder part = new StringBuilder();
    each(characters.length, from, to, step, i -> part.appendCodePoint(characters[i]));
    return part.toString();
  }

  private static List<Object> sliceList(
      Runtime rt, List<?> list, Object from, Object to, Object step) {
    rt.checkItems(list.size());
    List<Object> part = new ArrayList<>();
    each(list.size(), from, to, step, i -> part.add(list.get(i)));
    return part;
  }

  private static void each(
      int length, Object from, Object to, Object step, java.util.function.IntConsumer visit) {
    long stride = step == null ? 1 : sliceIndex(step);
    if (stride == 0) {
      throw new TemplateException("slice step cannot be zero");
    }
    boolean forward = stride > 0;
    long low = forward ? 0 : -1;
    long high = forward ? length : length - 1;
    long start = from == null ? (forward ? low : high) : clip(sliceIndex(from), length, low, high);
    long end = to == null ? (forward ? high : low) : clip(sliceIndex(to), length, low, high);
    long jump = Math.max(-length - 1L, Math.min(length + 1L, stride));
    for (long i = start; forward ? i < end : i > end; i += jump) {
      visit.accept((int) i);
    }
  }

  private static long sliceIndex(Object bound) {
    if (!Numbers.isInteger(bound)) {
      throw new TemplateException(
          "slice indices must be integers or None or have an __index__ method");
    }
    return Numbers.index(bound);
  }

  private static long clip(long index, int length, long low, long high) {
    long fromStart = index < 0 ? index + length : index;
    return Math.max(low, Math.min(high, fromStart));
  }
}
