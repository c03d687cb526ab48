package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.coldstart.io.jinja.Method.Bound;
import org.coldstart.io.jinja.Values.Generator;

/** Filters that order, cut up or sum up lists. */
final class SequenceFilters {
  private SequenceFilters() {}

  static void addTo(Map<String, Method> filters) {
    Method.add(filters, "length", (rt, value, a) -> PyText.length(value));
    Method.add(filters, "list", (rt, value, a) -> Iteration.list(rt, value));
    Method.add(filters, "first", (rt, value, a) -> first(Iteration.iterator(rt, value)));
    Method.add(filters, "last", (rt, value, a) -> last(rt, value));
    Method.add(filters, "random", (rt, value, a) -> random(rt, value));
    Method.add(filters, "reverse", (rt, value, a) -> reverse(rt, value));
    Method.add(filters, "join d? attribute?", SequenceFilters::join);
    Method.add(filters, "sum attribute? start?", SequenceFilters::sum);
    Method.add(filters, "sort reverse? case_sensitive? attribute?", SequenceFilters::sort);
    Method.add(filters, "dictsort case_sensitive? by? reverse?", SequenceFilters::sortDict);
    Method.add(
        filters, "min case_sensitive? attribute?", (rt, value, a) -> extreme(rt, value, a, 1));
    Method.add(
        filters, "max case_sensitive? attribute?", (rt, value, a) -> extreme(rt, value, a, -1));
    Method.add(filters, "items", (rt, value, a) -> items(rt, value));
    Method.add(filters, "batch linecount fill_with?", SequenceFilters::batch);
    Method.add(filters, "slice slices fill_with?", SequenceFilters::slice);
  }

  private static Object first(Iterator<Object> items) {
    return items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
  }

  private static Object last(Runtime rt, Object value) {
    if (value instanceof Generator || value instanceof LoopContext) {
      throw new TemplateException("'" + PyText.typeName(value) + "' object is not reversible");
    }
    List<Object> items = Iteration.list(rt, value);
    return items.isEmpty()
        ? new Undefined("No last item, sequence was empty.")
        : items.get(items.size() - 1);
  }

  private static Object random(Runtime rt, Object value) {
    List<Object> items = Iteration.list(rt, value);
    return items.isEmpty()
        ? new Undefined("No random item, sequence was empty.")
        : items.get(ThreadLocalRandom.current().nextInt(items.size()));
  }

  private static Object reverse(Runtime rt, Object value) {
    if (PyText.isText(value)) {
      return Lookup.slice(rt, value, null, null, -1L);
    }
    if (!Iteration.isIterable(value)) {
      throw new TemplateException("argument must be iterable");
    }
    List<Object> items = Iteration.list(rt, value);
    Collections.reverse(items);
    return value instanceof Generator ? items : new Generator(items.iterator());
  }

  private static Object join(Runtime rt, Object value, Bound args) {
    String separator = PyText.str(rt, args.get(0, ""));
    Object attribute = args.get(1, null);
    StringBuilder out = new StringBuilder();
    Iterator<Object> items = Iteration.iterator(rt, value);
    for (boolean first = true; items.hasNext(); first = false) {
      Object item = items.next();
      out.append(first ? "" : separator)
          .append(
              PyText.str(rt, attribute == null ? item : AttributePath.get(rt, item, attribute)));
      if (out.length() > rt.limits.length()) {
        rt.checkText(out.length());
      }
    }
    rt.checkText(out.length());
    return out.toString();
  }

  private static Object sum(Runtime rt, Object value, Bound args) {
    Object attribute = args.get(0, null);
    Object sum = args.get(1, 0L);
    if (PyText.isText(sum)) {
      throw new TemplateException("sum() can't sum strings [use ''.join(seq) instead]");
    }
    Iterator<Object> items = Iteration.iterator(rt, value);
    while (items.hasNext()) {
      Object item = items.next();
      sum =
          Arithmetic.apply(
              rt, "+", sum, attribute == null ? item : AttributePath.get(rt, item, attribute));
    }
    return sum;
  }

  /**
   * Sorts stably by keys that are worked out once; reversed, equal items keep their order as well.
   */
  static List<Object> sorted(
      Runtime rt,
      List<Object> items,
      java.util.function.UnaryOperator<Object> key,
      boolean reverse) {
    List<Object[]> keyed = new ArrayList<>();
    items.forEach(item -> keyed.add(new Object[] {key.apply(item), item}));
    Comparator<Object[]> order = (a, b) -> Comparison.compare(rt, "<", a[0], b[0]);
    try {
      keyed.sort(reverse ? order.reversed() : order);
    } catch (IllegalArgumentException inconsistent) {
      throw new TemplateException("the items have no consistent order");
    }
    List<Object> sorted = new ArrayList<>();
    keyed.forEach(pair -> sorted.add(pair[1]));
    return sorted;
  }

  private static Object sort(Runtime rt, Object value, Bound args) {
    boolean caseSensitive = args.isTrue(1);
    Object attribute = args.get(2, null);
    List<Object> parts =
        PyText.isText(attribute)
            ? Splitting.split(rt, attribute.toString(), ",", -1)
            : Collections.singletonList(attribute);
    return sorted(
        rt,
        Iteration.list(rt, value),
        item -> {
          List<Object> keys = new ArrayList<>();
          parts.forEach(part -> keys.add(AttributePath.key(rt, item, part, caseSensitive)));
          return keys;
        },
        args.isTrue(0));
  }

  private static Object sortDict(Runtime rt, Object value, Bound args) {
    String by = args.text(1, "key");
    if (!by.equals("key") && !by.equals("value")) {
      throw new TemplateException("You can only sort by either \"key\" or \"value\"");
    }
    if (!(value instanceof Map<?, ?> map)) {
      throw value instanceof Undefined undefined
          ? undefined.error()
          : new TemplateException("dictsort needs a mapping");
    }
    long position = by.equals("key") ? 0 : 1;
    boolean caseSensitive = args.isTrue(0);
    return sorted(
        rt,
        ContainerMethods.items(rt, map),
        item -> AttributePath.key(rt, item, position, caseSensitive),
        args.isTrue(2));
  }

  private static Object extreme(Runtime rt, Object value, Bound args, int sign) {
    boolean caseSensitive = args.isTrue(0);
    Object attribute = args.get(1, null);
    Iterator<Object> items = Iteration.iterator(rt, value);
    if (!items.hasNext()) {
      return new Undefined("No aggregated item, sequence was empty.");
    }
    Object best = items.next();
    Object bestKey = AttributePath.key(rt, best, attribute, caseSensitive);
    while (items.hasNext()) {
      Object item = items.next();
      Object key = AttributePath.key(rt, item, attribute, caseSensitive);
      if (sign * Comparison.compare(rt, sign > 0 ? "<" : ">", key, bestKey) < 0) {
        best = item;
        bestKey = key;
      }
    }
    return best;
  }

  private static Object items(Runtime rt, Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      if (value instanceof Undefined) {
        return new Generator(Collections.emptyIterator());
      }
      throw new TemplateException("Can only get item pairs from a mapping.");
    }
    return new Generator(ContainerMethods.items(rt, map).iterator());
  }

  private static Object batch(Runtime rt, Object value, Bound args) {
    long size = args.integer(0);
    Object fill = args.get(1, null);
    List<Object> batches = new ArrayList<>();
    List<Object> batch = new ArrayList<>();
    for (Object item : Iteration.list(rt, value)) {
      if (batch.size() == size) {
        batches.add(batch);
        batch = new ArrayList<>();
      }
      batch.add(item);
    }
    if (!batch.isEmpty()) {
      rt.checkItems(fill == null ? 0 : size);
      while (fill != null && batch.size() < size) {
        batch.add(fill);
      }
      batches.add(batch);
    }
    return new Generator(batches.iterator());
  }

  private static Object slice(Runtime rt, Object value, Bound args) {
    List<Object> items = Iteration.list(rt, value);
    long slices = args.integer(0);
    if (slices == 0) {
      throw new TemplateException("integer division or modulo by zero");
    }
    rt.checkItems(Math.max(0, slices));
    Object fill = args.get(1, null);
    List<Object> parts = new ArrayList<>();
    int position = 0;
    for (long i = 0; i < slices; i++) {
      boolean extra = i < items.size() % slices;
      int end = position + (int) (items.size() / slices) + (extra ? 1 : 0);
      List<Object> part = new ArrayList<>(items.subList(position, end));
      if (fill != null && !extra) {
        part.add(fill);
      }
      parts.add(part);
      position = end;
    }
    return new Generator(parts.iterator());
  }
}
