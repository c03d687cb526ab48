package org.coldstart.io.jinja;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.ToNumberPolicy;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.coldstart.io.jinja.Builtin.Args;

/**
 * A template's values: {@code null}, {@link Boolean}, {@link Long} or {@link BigInteger}, {@link Double},
 * {@link String}, {@link List}, {@link Map}, and the kinds here that Java has no type for. No value is ever changed
 * once it is made, but for {@link TemplateNamespace}.
 */
final class Values {
  /** Stands for what is not there, where {@code null} is Python's {@code None}. */
  static final Object MISSING = new Object();

  private static final Gson GSON = new GsonBuilder().setObjectToNumberStrategy(ToNumberPolicy.LAZILY_PARSED_NUMBER)
    .create();

  private Values() {}

  /** Something a template can call. */
  interface Callable {
    Object call(Args args);
  }

  /** A value of ours with attributes, as {@code loop} is. */
  interface WithMembers {
    /** The attribute, or {@link #MISSING}. */
    Object member(String name);
  }

  /** What {@code namespace(…)} makes: the one value whose attributes a template can set. */
  record TemplateNamespace(Map<Object, Object> attributes) {}

  /**
   * A name, attribute or item that is not there: prints as nothing, is false and empty, and anything else done with it
   * is an error with this message.
   */
  record Undefined(String message) {}

  /** A dict's keys, values or items; {@code type} is the Python name of its type. */
  record View(String type, List<Object> items) {}

  /** What {@code map} and others give: to be gone through once, always true, without length. */
  record LazyItems(Iterator<Object> items) {}

  /** A Python tuple: a list that prints with parentheses and is never equal to a list. */
  static final class Tuple extends ArrayList<Object> {
    private static final long serialVersionUID = 1L;

    Tuple(Collection<?> items) {
      super(items);
    }

    static Tuple of(Object... items) {
      return new Tuple(Arrays.asList(items));
    }
  }

  /** The value, unless it is undefined. */
  static Object require(Object value) {
    if (value instanceof Undefined undefined) {
      throw new TemplateException(undefined.message());
    }
    return value;
  }

  /** A part or sum of a list: of its type. */
  static List<Object> like(Object original, List<Object> result) {
    return original instanceof Tuple ? new Tuple(result) : result;
  }

  /** Whether the value is an int or a bool. */
  static boolean isInteger(Object value) {
    return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
  }

  static boolean isNumber(Object value) {
    return isInteger(value) || value instanceof Double;
  }

  static boolean isIterable(Object value) {
    return value instanceof String || value instanceof LazyItems || collection(value) != null;
  }

  /** {@code bool(value)}. */
  static boolean isTrue(Object value) {
    if (isNumber(value)) {
      return value instanceof Double real ? real != 0 : Operators.big(value).signum() != 0;
    }
    if (value instanceof String text) {
      return !text.isEmpty();
    }
    return collection(value) != null ? !collection(value).isEmpty() : value != null;
  }

  /** {@code len(value)}. */
  static long length(Object value) {
    if (value instanceof String text) {
      return text.codePointCount(0, text.length());
    }
    if (collection(value) == null) {
      throw new TemplateException("object of type '%s' has no len()", typeName(value));
    }
    return collection(value).size();
  }

  /** What is counted and iterated; null for texts and for what has no items. */
  private static Collection<?> collection(Object value) {
    return value instanceof List<?> list ? list
        : value instanceof Map<?, ?> map ? map.keySet()
            : value instanceof View view ? view.items() : value instanceof Undefined ? List.of() : null;
  }

  /** The items as Python iterates them: a text's characters, a dict's keys, a generator once. */
  static Iterator<Object> iterator(Object value) {
    if (value instanceof LazyItems generator) {
      return generator.items();
    }
    if (!isIterable(value)) {
      throw new TemplateException("'%s' object is not iterable", typeName(value));
    }
    if (value instanceof String text) {
      Budget.text(text.length());
      return text.codePoints().mapToObj(c -> (Object) Character.toString(c)).iterator();
    }
    Budget.steps(length(value));
    return Collections.<Object>unmodifiableCollection(collection(value)).iterator();
  }

  /** The items as a lazy stream. */
  static Stream<Object> stream(Object value) {
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(value), 0), false);
  }

  /** The items as a new list. */
  static List<Object> list(Object value) {
    List<Object> items = new ArrayList<>();
    for (Iterator<Object> all = iterator(value); all.hasNext(); Budget.steps(1)) {
      items.add(all.next());
      if (items.size() > Budget.MAX_ITEMS) {
        Budget.items(items.size());
      }
    }
    return items;
  }

  /** The name of the value's Python type. */
  static String typeName(Object value) {
    if (value instanceof View view) {
      return view.type();
    }
    if (value instanceof List || value instanceof Map) {
      return value instanceof Map ? "dict" : value instanceof Tuple ? "tuple" : "list";
    }
    if (value instanceof Callable && !(value instanceof WithMembers)) {
      return "builtin_function_or_method";
    }
    String name = value == null ? "NoneType" : value.getClass().getSimpleName();
    return switch (name) {
    case "String" -> "str";
    case "Boolean" -> "bool";
    case "Long", "BigInteger" -> "int";
    case "Double" -> "float";
    case "LazyItems" -> "generator";
    default -> name;
    };
  }

  /** {@code str(value)}: what {@code {{ value }}} prints. */
  static String str(Object value) {
    return value instanceof String text ? text : value instanceof Undefined ? "" : repr(value);
  }

  /** {@code repr(value)}: what a list prints of its items. */
  static String repr(Object value) {
    return write(value, new StringBuilder()).toString();
  }

  private static StringBuilder write(Object value, StringBuilder out) {
    Budget.enter();
    if (value instanceof List<?> list) {
      boolean tuple = value instanceof Tuple;
      String separator = tuple ? "(" : "[";
      for (Object item : list) {
        write(item, out.append(separator));
        separator = ", ";
      }
      out.append(list.isEmpty() ? separator : list.size() == 1 && tuple ? "," : "");
      out.append(tuple ? ')' : ']');
    } else if (value instanceof Map<?, ?> map) {
      String separator = "{";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        write(entry.getKey(), out.append(separator));
        write(entry.getValue(), out.append(": "));
        separator = ", ";
      }
      out.append(map.isEmpty() ? "{}" : "}");
    } else if (value instanceof View view) {
      write(view.items(), out.append(view.type()).append('(')).append(')');
    } else {
      out.append(summary(value));
    }
    Budget.growing(out);
    Budget.leave();
    return out;
  }

  /** {@code repr(value)} of a value without items; of others, their type. */
  static String summary(Object value) {
    if (value == null || value instanceof Boolean) {
      return value == null ? "None" : value.equals(true) ? "True" : "False";
    }
    if (value instanceof Double real) {
      return TextFormat.repr(real);
    }
    if (value instanceof String text) {
      return Texts.quote(text);
    }
    return isInteger(value) || value instanceof Macro ? value.toString()
        : value instanceof Undefined ? "Undefined" : "<" + typeName(value) + ">";
  }

  /**
   * A copy of a Java value as a template has it, so that nothing a template does reaches the caller's.
   *
   * @param where the variable's name, for the error message
   * @throws IllegalArgumentException for a type a template has no use for
   */
  static Object fromJava(Object value, String where) {
    if (value == null || value instanceof Boolean) {
      return value;
    }
    if (value instanceof CharSequence || value instanceof Enum) {
      return value.toString();
    }
    if (value instanceof JsonElement json) {
      return fromJava(GSON.fromJson(json, Object.class), where);
    }
    if (value instanceof Number) {
      String digits = value.toString();
      return digits.matches("-?\\d+") ? Operators.normal(new BigInteger(digits)) : (Object) Double.parseDouble(digits);
    }
    if (value instanceof Map<?, ?> map) {
      Map<Object, Object> dict = new LinkedHashMap<>();
      map.forEach((key, item) -> dict.put(fromJava(key, where), fromJava(item, where + "." + key)));
      return dict;
    }
    if (value instanceof Iterable<?> items) {
      List<Object> list = new ArrayList<>();
      items.forEach(item -> list.add(fromJava(item, where + "[" + list.size() + "]")));
      return list;
    }
    throw new IllegalArgumentException(
        "The template variable %s is a %s; pass null, booleans, numbers, strings, lists and maps".formatted(where,
            value.getClass().getName()));
  }
}
