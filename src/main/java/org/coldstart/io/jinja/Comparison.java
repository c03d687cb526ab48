package org.coldstart.io.jinja;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Python's {@code ==}, {@code <} and {@code in}. */
final class Comparison {
  private Comparison() {}

  /** {@code left operator right} for {@code == != < <= > >= in} and {@code not in}. */
  static boolean apply(Runtime rt, String operator, Object left, Object right) {
    return switch (operator) {
      case "==" -> equal(rt, left, right);
      case "!=" -> !equal(rt, left, right);
      case "in" -> contains(rt, right, left);
      case "not in" -> !contains(rt, right, left);
      default -> ordered(rt, operator, left, right);
    };
  }

  static boolean equal(Runtime rt, Object left, Object right) {
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return !Numbers.isNaN(left) && !Numbers.isNaN(right) && Numbers.compare(left, right) == 0;
    }
    if (PyText.isText(left) && PyText.isText(right)) {
      return left.toString().equals(right.toString());
    }
    if (left instanceof List<?> a && right instanceof List<?> b) {
      return PyText.typeName(left).equals(PyText.typeName(right)) && equalLists(rt, a, b);
    }
    if (left instanceof Map<?, ?> a && right instanceof Map<?, ?> b) {
      return equalDicts(rt, a, b);
    }
    return Objects.equals(left, right);
  }

  private static boolean equalLists(Runtime rt, List<?> left, List<?> right) {
    if (left.size() != right.size()) {
      return false;
    }
    rt.enter();
    Iterator<?> other = right.iterator();
    boolean equal = left.stream().allMatch(item -> equal(rt, item, other.next()));
    rt.leave();
    return equal;
  }

  private static boolean equalDicts(Runtime rt, Map<?, ?> left, Map<?, ?> right) {
    rt.enter();
    boolean equal =
        left.size() == right.size()
            && left.entrySet().stream()
                .allMatch(
                    entry -> {
                      Object key = Dicts.find(rt, right, entry.getKey());
                      return key != Values.MISSING && equal(rt, entry.getValue(), right.get(key));
                    });
    rt.leave();
    return equal;
  }

  private static boolean ordered(Runtime rt, String operator, Object left, Object right) {
    if (Numbers.isNaN(left) && Numbers.isNumber(right)
        || Numbers.isNaN(right) && Numbers.isNumber(left)) {
      return false;
    }
    int order = compare(rt, operator, left, right);
    return switch (operator) {
      case "<" -> order < 0;
      case "<=" -> order <= 0;
      case ">" -> order > 0;
      default -> order >= 0;
    };
  }

  /** The order of two values; {@code operator} is for the message where there is none. */
  static int compare(Runtime rt, String operator, Object left, Object right) {
    rt.step();
    if (left instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (right instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
      return Numbers.compare(left, right);
    }
    if (PyText.isText(left) && PyText.isText(right)) {
      return compareText(left.toString(), right.toString());
    }
    boolean sameLists =
        left instanceof List
            && !(left instanceof Values.Range)
            && right instanceof List
            && PyText.typeName(left).equals(PyText.typeName(right));
    if (sameLists) {
      return compareLists(rt, operator, (List<?>) left, (List<?>) right);
    }
    throw new TemplateException(
        "'"
            + operator
            + "' not supported between instances of '"
            + PyText.typeName(left)
            + "' and '"
            + PyText.typeName(right)
            + "'");
  }

  private static int compareLists(Runtime rt, String operator, List<?> left, List<?> right) {
    rt.enter();
    int order = Integer.compare(left.size(), right.size());
    for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
      if (!equal(rt, left.get(i), right.get(i))) {
        order = compare(rt, operator, left.get(i), right.get(i));
        break;
      }
    }
    rt.leave();
    return order;
  }

  /** By code points, where Java's own order goes by UTF-16. */
  private static int compareText(String left, String right) {
    int mismatch = 0;
    int common = Math.min(left.length(), right.length());
    while (mismatch < common && left.charAt(mismatch) == right.charAt(mismatch)) {
      mismatch++;
    }
    if (mismatch == common) {
      return Integer.compare(left.length(), right.length());
    }
    char a = left.charAt(mismatch);
    char b = right.charAt(mismatch);
    return Character.isSurrogate(a) != Character.isSurrogate(b)
        ? (Character.isSurrogate(a) ? 1 : -1)
        : Character.compare(a, b);
  }

  /** {@code item in container}. */
  static boolean contains(Runtime rt, Object container, Object item) {
    if (PyText.isText(container)) {
      if (!PyText.isText(item)) {
        throw new TemplateException(
            "'in <string>' requires string as left operand, not " + PyText.typeName(item));
      }
      rt.checkText(container.toString().length());
      return container.toString().contains(item.toString());
    }
    if (container instanceof Map<?, ?> map) {
      return Dicts.find(rt, map, item) != Values.MISSING;
    }
    if (!Iteration.isIterable(container)) {
      throw new TemplateException(
          "argument of type '" + PyText.typeName(container) + "' is not iterable");
    }
    Iterator<Object> items = Iteration.iterator(rt, container);
    while (items.hasNext()) {
      if (equal(rt, items.next(), item)) {
        return true;
      }
    }
    return false;
  }
}
