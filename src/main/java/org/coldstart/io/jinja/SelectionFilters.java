package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.coldstart.io.jinja.Method.Bound;
import org.coldstart.io.jinja.Values.Generator;

/**
 * Filters that choose or transform items one by one. As in Jinja they give generators: always true,
 * without a length, to be gone through once.
 */
final class SelectionFilters {
  private SelectionFilters() {}

  static void addTo(Map<String, Method> filters) {
    filters.put("map", SelectionFilters::map);
    filters.put("select", (rt, value, args) -> choose(rt, value, args, false, true));
    filters.put("reject", (rt, value, args) -> choose(rt, value, args, false, false));
    filters.put("selectattr", (rt, value, args) -> choose(rt, value, args, true, true));
    filters.put("rejectattr", (rt, value, args) -> choose(rt, value, args, true, false));
    Method.add(filters, "attr name", (rt, value, a) -> attribute(rt, value, a.text(0)));
    Method.add(filters, "unique case_sensitive? attribute?", SelectionFilters::unique);
    Method.add(filters, "groupby attribute default? case_sensitive?", SelectionFilters::groupBy);
  }

  private static Object map(Runtime rt, Object value, Args args) {
    if (!PyText.isTrue(value)) {
      return new Generator(List.of().iterator());
    }
    return new Generator(mapped(Iteration.iterator(rt, value), mapping(rt, args)));
  }

  private static UnaryOperator<Object> mapping(Runtime rt, Args args) {
    if (args.positional().isEmpty() && args.named().containsKey("attribute")) {
      Map<String, Object> other = new HashMap<>(args.named());
      Object path = other.remove("attribute");
      Object otherwise = other.remove("default");
      if (!other.isEmpty()) {
        throw new TemplateException(
            "Unexpected keyword argument '" + other.keySet().iterator().next() + "'");
      }
      return item -> AttributePath.get(rt, item, path, otherwise);
    }
    if (args.positional().isEmpty()) {
      throw new TemplateException("map requires a filter argument");
    }
    String filter = PyText.str(rt, args.positional().get(0));
    return item -> Filters.apply(rt, filter, item, args.rest());
  }

  private static Iterator<Object> mapped(Iterator<Object> items, UnaryOperator<Object> function) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return items.hasNext();
      }

      @Override
      public Object next() {
        return function.apply(items.next());
      }
    };
  }

  private static Object choose(
      Runtime rt, Object value, Args args, boolean byAttribute, boolean keep) {
    if (!PyText.isTrue(value)) {
      return new Generator(List.of().iterator());
    }
    if (byAttribute && args.positional().isEmpty()) {
      throw new TemplateException("Missing parameter for attribute name");
    }
    Args testArgs = byAttribute ? args.rest() : args;
    Predicate<Object> test = test(rt, testArgs);
    Predicate<Object> chosen =
        byAttribute
            ? item -> test.test(AttributePath.get(rt, item, args.positional().get(0))) == keep
            : item -> test.test(item) == keep;
    return new Generator(filtered(Iteration.iterator(rt, value), chosen));
  }

  private static Predicate<Object> test(Runtime rt, Args args) {
    if (args.positional().isEmpty()) {
      return PyText::isTrue;
    }
    String name = PyText.str(rt, args.positional().get(0));
    return item -> PyText.isTrue(Checks.apply(rt, name, item, args.rest()));
  }

  /** The items that pass; each is looked for when it is asked for. */
  static Iterator<Object> filtered(Iterator<Object> items, Predicate<Object> passes) {
    return new Iterator<>() {
      private Object ahead = Values.MISSING;

      @Override
      public boolean hasNext() {
        while (ahead == Values.MISSING && items.hasNext()) {
          Object item = items.next();
          ahead = passes.test(item) ? item : Values.MISSING;
        }
        return ahead != Values.MISSING;
      }

      @Override
      public Object next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        Object item = ahead;
        ahead = Values.MISSING;
        return item;
      }
    };
  }

  private static Object attribute(Runtime rt, Object value, String name) {
    if (value instanceof Map) {
      Object own = Lookup.attribute(rt, Map.of(), name);
      return own instanceof Undefined
          ? Undefined.of(value, name)
          : Lookup.attribute(rt, value, name);
    }
    return Lookup.attribute(rt, value, name);
  }

  private static Object unique(Runtime rt, Object value, Bound args) {
    boolean caseSensitive = args.isTrue(0);
    Map<Object, Object> seen = Values.dict();
    return new Generator(
        filtered(
            Iteration.iterator(rt, value),
            item -> {
              Object key = AttributePath.key(rt, item, args.get(1, null), caseSensitive);
              boolean isNew = Dicts.find(rt, seen, key) == Values.MISSING;
              Dicts.put(rt, seen, key, true);
              return isNew;
            }));
  }

  private static Object groupBy(Runtime rt, Object value, Bound args) {
    Object path = args.get(0);
    Object otherwise = args.get(1, null);
    boolean caseSensitive = args.isTrue(2);
    UnaryOperator<Object> key =
        item -> AttributePath.key(AttributePath.get(rt, item, path, otherwise), caseSensitive);
    List<Object> groups = new ArrayList<>();
    List<Object> group = new ArrayList<>();
    for (Object item : SequenceFilters.sorted(rt, Iteration.list(rt, value), key, false)) {
      if (!group.isEmpty() && !Comparison.equal(rt, key.apply(group.get(0)), key.apply(item))) {
        groups.add(new Tuple.Group(AttributePath.get(rt, group.get(0), path, otherwise), group));
        group = new ArrayList<>();
      }
      group.add(item);
    }
    if (!group.isEmpty()) {
      groups.add(new Tuple.Group(AttributePath.get(rt, group.get(0), path, otherwise), group));
    }
    return groups;
  }
}
