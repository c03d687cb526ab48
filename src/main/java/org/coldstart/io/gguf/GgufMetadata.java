package org.coldstart.io.gguf;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.coldstart.io.files.CheckpointException;

/**
 * The key–value pairs at the head of a GGUF file: architecture, sizes, the tokenizer's tables, the chat template.
 *
 * <p>
 * A look-up of an absent key is empty; a look-up of a key with another type is a {@link CheckpointException} that names
 * key and file.
 */
public final class GgufMetadata {
  private final String origin;

  /** Values are String, Long, Double, Boolean, or a list or primitive array of those. */
  private final Map<String, Object> values;

  GgufMetadata(String origin, Map<String, Object> values) {
    this.origin = origin;
    this.values = Collections.unmodifiableMap(values);
  }

  /** All keys in file order. */
  public Set<String> keys() {
    return values.keySet();
  }

  public Optional<String> string(String key) {
    return value(key, String.class, "a string");
  }

  /** A whole number of any width; unsigned 64-bit numbers from 2^63 on come out negative. */
  public OptionalLong integer(String key) {
    return value(key, Long.class, "a whole number").stream().mapToLong(Long::longValue).findFirst();
  }

  /** A Long or a Double; f32 is widened by way of its shortest decimal form, so that 1e-5f gives 1e-5. */
  Optional<Number> number(String key) {
    return value(key, Number.class, "a number");
  }

  public Optional<Boolean> bool(String key) {
    return value(key, Boolean.class, "true or false");
  }

  /** A list of strings, unmodifiable. */
  @SuppressWarnings("unchecked")
  public Optional<List<String>> strings(String key) {
    return value(key, List.class, "a list of strings").map(list -> (List<String>) list);
  }

  /** A list of whole numbers. */
  public Optional<long[]> integers(String key) {
    return value(key, long[].class, "a list of whole numbers").map(long[]::clone);
  }

  /** A list of floating-point numbers. */
  public Optional<double[]> numbers(String key) {
    return value(key, double[].class, "a list of numbers").map(double[]::clone);
  }

  String origin() {
    return origin;
  }

  private <T> Optional<T> value(String key, Class<T> type, String expected) {
    Object value = values.get(key);
    CheckpointException.require(value == null || type.isInstance(value), "%s: \"%s\" is not %s, as it should be.",
        origin, key, expected);
    return Optional.ofNullable(type.cast(value));
  }
}
