package org.coldstart.io.jinja;

import java.util.Locale;

/**
 * The {@code attribute} that filters take: {@code 'a'}, {@code 'a.b'}, {@code 'a.0'} or a number.
 */
final class AttributePath {
  private AttributePath() {}

  /**
   * The value found along the path, undefined where it ends early; a null path is the item itself.
   */
  static Object get(Runtime rt, Object item, Object path) {
    return get(rt, item, path, null);
  }

  /**
   * As {@link #get(Runtime, Object, Object)}, with {@code otherwise}, unless null, in place of what
   * is undefined.
   */
  static Object get(Runtime rt, Object item, Object path, Object otherwise) {
    if (path == null) {
      return item;
    }
    if (!PyText.isText(path)) {
      return orElse(Lookup.item(rt, item, path), otherwise);
    }
    Object value = item;
    for (Object part : Splitting.split(rt, path.toString(), ".", -1)) {
      String name = part.toString();
      boolean index =
          !name.isEmpty() && name.length() < 10 && name.chars().allMatch(c -> c >= '0' && c <= '9');
      value = orElse(Lookup.item(rt, value, index ? (Object) Long.valueOf(name) : name), otherwise);
    }
    return value;
  }

  private static Object orElse(Object value, Object otherwise) {
    return otherwise != null && value instanceof Undefined ? otherwise : value;
  }

  /**
   * As {@link #get(Runtime, Object, Object)}, with texts in lower case unless {@code
   * caseSensitive}.
   */
  static Object key(Runtime rt, Object item, Object path, boolean caseSensitive) {
    return key(get(rt, item, path), caseSensitive);
  }

  static Object key(Object value, boolean caseSensitive) {
    return !caseSensitive && PyText.isText(value)
        ? value.toString().toLowerCase(Locale.ROOT)
        : value;
  }
}
