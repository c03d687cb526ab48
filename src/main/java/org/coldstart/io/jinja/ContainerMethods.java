package org.coldstart.io.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.jinja.Method.Bound;
import org.coldstart.io.jinja.Values.View;

/** Python's methods of {@code dict}, {@code list} and {@code tuple} that change nothing. */
final class ContainerMethods {
  static final Map<String, Method> DICT = new HashMap<>();

  /** Those of lists; tuples have them too, but for {@code copy}. */
  static final Map<String, Method> LIST = new HashMap<>();

  private ContainerMethods() {}

  static {
    dict("keys", (rt, dict, a) -> new View("dict_keys", new ArrayList<>(dict.keySet())));
    dict("values", (rt, dict, a) -> new View("dict_values", new ArrayList<>(dict.values())));
    dict("items", (rt, dict, a) -> new View("dict_items", items(rt, dict)));
    dict("get key default?", (rt, dict, a) -> Dicts.get(rt, dict, a.get(0), a.get(1, null)));
    dict("copy", (rt, dict, a) -> new LinkedHashMap<Object, Object>(dict));
    dict("fromkeys iterable value?", (rt, dict, a) -> fromKeys(rt, a.get(0), a.get(1, null)));
    list(
        "count value",
        (rt, list, a) ->
            list.stream().filter(item -> Comparison.equal(rt, item, a.get(0))).count());
    list("index value start? stop?", ContainerMethods::index);
    list("copy", (rt, list, a) -> new ArrayList<Object>(list));
  }

  private interface DictBody {
    Object call(Runtime rt, Map<?, ?> dict, Bound args);
  }

  private interface ListBody {
    Object call(Runtime rt, List<?> list, Bound args);
  }

  private static void dict(String signature, DictBody body) {
    Method.add(DICT, signature, (rt, self, args) -> body.call(rt, (Map<?, ?>) self, args));
  }

  private static void list(String signature, ListBody body) {
    Method.add(LIST, signature, (rt, self, args) -> body.call(rt, (List<?>) self, args));
  }

  /** The dict's entries as pairs. */
  static List<Object> items(Runtime rt, Map<?, ?> dict) {
    rt.checkItems(dict.size());
    List<Object> pairs = new ArrayList<>();
    dict.forEach((key, value) -> pairs.add(Tuple.of(key, value)));
    return pairs;
  }

  static Map<Object, Object> fromKeys(Runtime rt, Object keys, Object value) {
    Map<Object, Object> made = Values.dict();
    Iteration.iterator(rt, keys).forEachRemaining(key -> Dicts.put(rt, made, key, value));
    return made;
  }

  private static Object index(Runtime rt, List<?> list, Bound args) {
    long start = args.integer(1, 0);
    long stop = args.integer(2, list.size());
    long from = start < 0 ? Math.max(0, start + list.size()) : start;
    long to = Math.min(list.size(), stop < 0 ? stop + list.size() : stop);
    for (long i = from; i < to; i++) {
      if (Comparison.equal(rt, list.get((int) i), args.get(0))) {
        return i;
      }
    }
    throw new TemplateException(PyText.repr(rt, args.get(0)) + " is not in list");
  }
}
