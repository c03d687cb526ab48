package org.coldstart.io.jinja;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A filter, a test or a method: a function of a value and further arguments. */
interface Builtin {
  Object call(Object self, Args args);

  /**
   * Adds a function with named parameters, whose body gets them {@link Args#bind bound}.
   *
   * @param signature its names separated by commas, then its parameters; a {@code ?} marks those
   *     that can be left out
   */
  static void add(Map<String, Builtin> table, String signature, Builtin body) {
    List<String> words = Arrays.asList(signature.split(" "));
    List<String> parameters = words.stream().skip(1).map(word -> word.replace("?", "")).toList();
    int required = (int) words.stream().skip(1).filter(word -> !word.endsWith("?")).count();
    for (String name : words.get(0).split(",")) {
      table.put(
          name, (self, args) -> body.call(self, args.bind(name, parameters, required)));
    }
  }
}
