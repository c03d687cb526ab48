package org.coldstart.tokenizer;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One message of a conversation.
 *
 * <pre>{@code
 * List<Message> chat = List.of(
 *     Message.system("You are a helpful assistant."),
 *     Message.user("What is 2 + 2?"),
 *     Message.assistant("4").with("reasoning_content", "2 + 2 is 4."));
 * }</pre>
 *
 * @param role who speaks: {@code system}, {@code user}, {@code assistant}, or what else the template knows
 * @param content what is said; null where there is none, as in a message that only calls tools
 * @param extra further fields for the template, such as {@code tool_calls} or {@code
 *     reasoning_content}: null, booleans, numbers, strings, and lists and maps of these
 */
public record Message(String role, String content, Map<String, Object> extra) {
  public Message {
    if (role == null) {
      throw new IllegalArgumentException("A message needs a role");
    }
    if (extra.containsKey("role") || extra.containsKey("content")) {
      throw new IllegalArgumentException("role and content are fields of their own, not further fields");
    }
    extra = Collections.unmodifiableMap(new LinkedHashMap<>(extra));
  }

  /** A message without further fields. */
  public Message(String role, String content) {
    this(role, content, Map.of());
  }

  /** A message of any role. */
  public static Message of(String role, String content) {
    return new Message(role, content);
  }

  /** The model's instructions. */
  public static Message system(String content) {
    return new Message("system", content);
  }

  /** The user's turn. */
  public static Message user(String content) {
    return new Message("user", content);
  }

  /** The model's turn. */
  public static Message assistant(String content) {
    return new Message("assistant", content);
  }

  /** This message with one more field, or with that field changed. */
  public Message with(String field, Object value) {
    Map<String, Object> fields = new LinkedHashMap<>(extra);
    fields.put(field, value);
    return new Message(role, content, fields);
  }
}
