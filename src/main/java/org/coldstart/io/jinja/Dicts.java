package org.coldstart.io.jinja;

import java.util.List;
import java.util.Map;

/**
 * Look-ups in a dict with Python's keys, where {@code 1}, {@code 1.0} and {@code true} are one key.
 */
final class Dicts {
  private Dicts() {}

  /** The key of the dict that is equal to {@code key}, or {@link Values#MISSING}. */
  static Object find(Runtime rt, Map<?, ?> dict, Object key) {
    Object plain = key instanceof Values.Markup markup ? markup.text() : key;
    requireHashable(rt, plain);
    if (dict.containsKey(plain)) {
      return plain;
    }
    if (Numbers.isNumber(plain)) {
      for (Object other : dict.keySet()) {
        rt.step();
        if (Numbers.isNumber(other) && Comparison.equal(rt, other, plain)) {
          return other;
        }
      }
    }
    return Values.MISSING;
  }

  /** Sets an entry, under the equal key that is there already if there is one. */
  static void put(Runtime rt, Map<Object, Object> dict, Object key, Object value) {
    Object found = find(rt, dict, key);
    Object plain = key instanceof Values.Markup markup ? markup.text() : key;
    dict.put(found == Values.MISSING ? plain : found, value);
  }

  /** The value of a key, or {@code otherwise}. */
  static Object get(Runtime rt, Map<?, ?> dict, Object key, Object otherwise) {
    Object found = find(rt, dict, key);
    return found == Values.MISSING ? otherwise : dict.get(found);
  }

  private static void requireHashable(Runtime rt, Object key) {
    if (key instanceof Tuple tuple) {
      rt.enter();
      tuple.forEach(item -> requireHashable(rt, item));
      rt.leave();
    } else if (key instanceof Map || key instanceof List && !(key instanceof Values.Range)) {
      throw new TemplateException("unhashable type: '" + PyText.typeName(key) + "'");
    }
  }
}
