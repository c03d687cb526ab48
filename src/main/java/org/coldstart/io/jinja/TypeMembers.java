package org.coldstart.io.jinja;

import org.coldstart.io.jinja.Values.Cycler;
import org.coldstart.io.jinja.Values.Function;
import org.coldstart.io.jinja.Values.Range;

/** Attributes of the rarer types: numbers, ranges, cyclers and the pairs of {@code groupby}. */
final class TypeMembers {
  private TypeMembers() {}

  /** The attribute, or {@link Values#MISSING} where the value's type has none of that name. */
  static Object find(Runtime rt, Object object, String name) {
    if (object instanceof Tuple.Group group) {
      return name.equals("grouper")
          ? group.get(0)
          : name.equals("list") ? group.get(1) : Values.MISSING;
    }
    if (object instanceof Cycler cycler) {
      return cycler(cycler, name);
    }
    if (object instanceof Range range) {
      return switch (name) {
        case "start" -> range.start;
        case "stop" -> range.stop;
        case "step" -> range.step;
        default -> Values.MISSING;
      };
    }
    return Numbers.isNumber(object) ? number(object, name) : Values.MISSING;
  }

  private static Object cycler(Cycler cycler, String name) {
    return switch (name) {
      case "current" -> cycler.items.get(cycler.position);
      case "next" -> new Function(name, args -> cycler.next());
      case "reset" ->
          new Function(
              name,
              args -> {
                cycler.position = 0;
                return null;
              });
      default -> Values.MISSING;
    };
  }

  private static Object number(Object value, String name) {
    return switch (name) {
      case "real" -> value instanceof Boolean ? Numbers.normal(Numbers.big(value)) : value;
      case "imag" -> value instanceof Double ? (Object) 0.0 : (Object) 0L;
      case "is_integer" ->
          new Function(
              name,
              args ->
                  !(value instanceof Double real) || !real.isInfinite() && real == Math.rint(real));
      case "bit_length" ->
          value instanceof Double
              ? Values.MISSING
              : new Function(name, args -> (long) Numbers.big(value).abs().bitLength());
      default -> Values.MISSING;
    };
  }
}
