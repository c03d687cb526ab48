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
 * Reads a list of messages as data sets write them: {@code role} or {@code from} says who speaks, {@code content},
 * {@code message} or {@code value} what is said; other fields are handed to the template.
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
      try {
        messages.add(message(entry));
      } catch (IllegalArgumentException e) {
        int turn = messages.size() + 1;
        throw new RowProblem(row.number(), "turn %d %s.".formatted(turn, e.getMessage()));
      }
    }
    return messages;
  }

  private Message message(Object entry) {
    if (!(entry instanceof Map<?, ?> fields)) {
      throw new IllegalArgumentException("is not a message with a role and a content");
    }
    Map<String, Object> extra = new LinkedHashMap<>();
    fields.forEach((name, value) -> extra.put(String.valueOf(name), value));
    String role = role(remove(extra, ROLE, fields.keySet()));
    Object content = remove(extra, CONTENT, fields.keySet());
    extra.values().removeIf(Objects::isNull);
    if (content != null && !(content instanceof String)) {
      throw new IllegalArgumentException("(" + role + ") has something else than text as content");
    }
    // A system message may be empty, as in many data sets; so may one that only calls tools.
    String text = content == null && role.equals("system") ? "" : (String) content;
    if ((text == null || text.isBlank()) && extra.isEmpty() && !role.equals("system")) {
      throw new IllegalArgumentException("(" + role + ") is empty");
    }
    return new Message(role, text, extra);
  }

  private static Object remove(Map<String, Object> fields, List<String> names, Set<?> all) {
    for (String name : names) {
      if (fields.containsKey(name)) {
        return fields.remove(name);
      }
    }
    throw new IllegalArgumentException("has none of the fields " + String.join(", ", names) + ", only " + all);
  }

  private String role(Object name) {
    String role = name instanceof String text ? roles.get(text.strip().toLowerCase(Locale.ROOT)) : null;
    if (role == null) {
      throw new IllegalArgumentException(
          "has the unknown role '%s'; known are %s; register others with SampleFormatter.withRole or withAlias"
            .formatted(name, String.join(", ", new TreeSet<>(roles.keySet()))));
    }
    return role;
  }
}
