package org.coldstart.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.coldstart.tokenizer.Message;

/**
 * Reads a list of messages as data sets write them: {@code role} or {@code from} says who speaks,
 * {@code content}, {@code message} or {@code value} what is said; other fields are handed to the
 * template.
 *
 * @param roles the name a data set may use for a role, in lower case, and the role
 */
record MessageReader(Map<String, String> roles) {
  private static final List<String> ROLE = List.of("role", "from");
  private static final List<String> CONTENT = List.of("content", "message", "value");

  /** The messages in a value of a row. */
  List<Message> read(DataRow row, String column, Object value) {
    if (!(value instanceof List<?> list) || list.isEmpty()) {
      throw new RowProblem(row.number(), "column '" + column + "' is not a list of messages.");
    }
    List<Message> messages = new ArrayList<>();
    for (Object entry : list) {
      messages.add(message(new Place(row.number(), messages.size() + 1), entry));
    }
    return messages;
  }

  private Message message(Place place, Object entry) {
    if (!(entry instanceof Map<?, ?> fields)) {
      throw place.problem("is not a message with a role and a content");
    }
    String roleField = field(place, fields, ROLE);
    String contentField = field(place, fields, CONTENT);
    String role = role(place, fields.get(roleField));
    Map<String, Object> extra = new LinkedHashMap<>();
    fields.forEach((name, value) -> extra.put(String.valueOf(name), value));
    extra.keySet().removeAll(Set.of(roleField, contentField));
    extra.values().removeIf(Objects::isNull);
    return new Message(role, content(place, role, fields.get(contentField), extra), extra);
  }

  private static String field(Place place, Map<?, ?> fields, List<String> names) {
    return names.stream()
        .filter(fields::containsKey)
        .findFirst()
        .orElseThrow(
            () ->
                place.problem(
                    "has none of the fields "
                        + String.join(", ", names)
                        + ", only "
                        + fields.keySet()));
  }

  private String role(Place place, Object name) {
    String role =
        name instanceof String text ? roles.get(text.strip().toLowerCase(Locale.ROOT)) : null;
    if (role == null) {
      throw place.problem(
          "has the unknown role '"
              + name
              + "'; known are "
              + String.join(", ", new TreeSet<>(roles.keySet()))
              + "; register others with SampleFormatter.withRole or withAlias");
    }
    return role;
  }

  /** A system message may be empty, as in many data sets; so may one that only calls tools. */
  private static String content(
      Place place, String role, Object content, Map<String, Object> extra) {
    if (content != null && !(content instanceof String)) {
      throw place.problem("(" + role + ") has something else than text for its content");
    }
    String text = (String) content;
    if ((text == null || text.isBlank()) && extra.isEmpty() && !role.equals("system")) {
      throw place.problem("(" + role + ") is empty");
    }
    return text == null && role.equals("system") ? "" : text;
  }

  private record Place(long row, int turn) {
    RowProblem problem(String what) {
      return new RowProblem(row, "turn " + turn + " " + what + ".");
    }
  }
}
