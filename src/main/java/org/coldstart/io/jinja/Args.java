package org.coldstart.io.jinja;

import java.util.List;
import java.util.Map;

/** The values a call passes: by place and by name. */
record Args(List<Object> positional, Map<String, Object> named) {
  static final Args NONE = new Args(List.of(), Map.of());

  static Args of(Object... positional) {
    return new Args(java.util.Arrays.asList(positional), Map.of());
  }

  /** The same call without its first value by place. */
  Args rest() {
    return new Args(positional.subList(1, positional.size()), named);
  }
}
