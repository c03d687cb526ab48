package org.coldstart.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.coldstart.io.rows.RowFiles;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Reads rows in the shapes in which fine-tuning data are written, known by their columns:
 *
 * <ul>
 * <li>{@code messages}, {@code conversation} or {@code conversations}: a list of messages, each with {@code role} and
 * {@code content}, {@code role} and {@code message}, or ShareGPT's {@code from} and {@code value}
 * <li>{@code prompt} and {@code completion}: each a text or a list of messages
 * <li>{@code text}
 * </ul>
 *
 * <pre>{@code
 * SampleFormatter formatter = SampleFormatter.standard().withRole("reasoning");
 * ExampleSet train = new ExampleBuilder(tokenizer).build(rows, formatter, 1024);
 * }</pre>
 *
 * <p>
 * Beside them, {@code tools} and {@code chat_template_kwargs} reach the chat template, and {@code system} is a first
 * message. A message with {@code weight} 0 carries no loss. A content in parts is read where all are text.
 *
 * <p>
 * Known roles are system, developer, user (also written human), assistant (also gpt, model, bot) and tool; capitals do
 * not matter.
 */
public final class SampleFormatter implements Function<DataRow, Sample> {
  private static final List<String> CONVERSATIONS = List.of("messages", "conversation", "conversations");
  private static final SampleFormatter STANDARD = new SampleFormatter(standardRoles());

  private static final List<String> ROLE = List.of("role", "from");
  private static final List<String> CONTENT = List.of("content", "message", "value");

  /** A data set's name of a role, in lower case, and the role. */
  private final Map<String, String> roles;

  private SampleFormatter(Map<String, String> roles) {
    this.roles = roles;
  }

  private static Map<String, String> standardRoles() {
    Map<String, String> roles = new LinkedHashMap<>();
    List.of("system", "developer", "user", "assistant", "tool").forEach(r -> roles.put(r, r));
    roles.put("human", "user");
    List.of("gpt", "model", "bot").forEach(name -> roles.put(name, "assistant"));
    return roles;
  }

  /** A formatter that knows the usual roles. */
  public static SampleFormatter standard() {
    return STANDARD;
  }

  /** As this one, knowing one more role; the chat template must know it as well. */
  public SampleFormatter withRole(String role) {
    return withAlias(role, role);
  }

  /** As this one, reading {@code name} in a data set as {@code role}. */
  public SampleFormatter withAlias(String name, String role) {
    Map<String, String> more = new LinkedHashMap<>(roles);
    more.put(name.strip().toLowerCase(Locale.ROOT), role);
    return new SampleFormatter(more);
  }

  /**
   * The row as conversation, prompt and completion, or text.
   *
   * @throws DataException naming the row if its columns fit no shape, a role is not known, or a turn is empty
   */
  @Override
  public Sample apply(DataRow row) {
    if (conversationColumn(row).isPresent()) {
      return conversation(row);
    }
    if (row.values().containsKey("prompt") && row.values().containsKey("completion")) {
      return promptCompletion(row);
    }
    if (row.values().containsKey("text")) {
      return Text.of(row.text("text"));
    }
    throw unknownShape(row, "");
  }

  /** The conversation in a row; a {@link DataException} as from {@link #apply}, or if the row holds none. */
  public Conversation conversation(DataRow row) {
    String column = conversationColumn(row).orElseThrow(() -> unknownShape(row, "conversation "));
    List<Message> messages = new ArrayList<>(read(row, column, row.value(column)));
    if (row.values().get("system") instanceof String system && !messages.get(0).role().equals("system")) {
      messages.add(0, Message.system(system));
    }
    return new Conversation(messages, 0, variables(row));
  }

  /** What a row says to the chat template, as TRL's data sets do; tools may be written as JSON. */
  private static Map<String, Object> variables(DataRow row) {
    Map<String, Object> variables = new LinkedHashMap<>();
    Object settings = row.values().get("chat_template_kwargs");
    if (settings instanceof Map<?, ?> map) {
      map.forEach((name, value) -> variables.put(String.valueOf(name), value));
    } else if (settings != null) {
      throw row.problem("column 'chat_template_kwargs' is not an object with the template's variables.");
    }
    Object tools = row.values().get("tools");
    if (tools instanceof String text) {
      tools = text.isBlank() ? null : toolsIn(row, text);
    }
    if (tools instanceof List<?>) {
      variables.put("tools", tools);
    } else if (tools != null) {
      throw row.problem("column 'tools' is not a list of tools.");
    }
    return variables;
  }

  private static Object toolsIn(DataRow row, String json) {
    try {
      return RowFiles.jsonValue(json);
    } catch (RuntimeException e) {
      throw row.problem("column 'tools' is not a list of tools, nor JSON with one.");
    }
  }

  /**
   * As this one, with each conversation rendered by the tokenizer's chat template, TRL's {@code formatting_func}: a
   * text to learn with {@link LossOn#after}. It throws a {@link DataException} naming the row if the conversation does
   * not end with a reply, or the template refuses it.
   */
  public Function<DataRow, Text> toText(Tokenizer tokenizer) {
    return row -> {
      Sample sample = apply(row);
      return sample instanceof Conversation chat ? rendered(row, chat, tokenizer) : (Text) sample;
    };
  }

  private static Text rendered(DataRow row, Conversation chat, Tokenizer tokenizer) {
    List<Message> messages = chat.messages();
    String last = messages.get(messages.size() - 1).role();
    if (!last.equals("assistant")) {
      throw row.problem("the conversation ends with a turn of the " + last + ": add the assistant's reply.");
    }
    try {
      return Text.of(tokenizer.applyChatTemplate(messages, false, chat.variables()));
    } catch (RuntimeException e) {
      throw new DataException(row.number(), String.valueOf(e.getMessage()), e);
    }
  }

  private Sample promptCompletion(DataRow row) {
    Object prompt = row.value("prompt");
    Object completion = row.value("completion");
    if (prompt instanceof String given && completion instanceof String written) {
      return new Text(given, written);
    }
    List<Message> messages = new ArrayList<>(messages(row, "prompt", "user", prompt));
    int promptTurns = messages.size();
    messages.addAll(messages(row, "completion", "assistant", completion));
    return new Conversation(messages, promptTurns, variables(row));
  }

  private List<Message> messages(DataRow row, String column, String role, Object value) {
    return value instanceof String text ? List.of(Message.of(role, text)) : read(row, column, value);
  }

  /** The messages in a value of a row. */
  private List<Message> read(DataRow row, String column, Object value) {
    if (!(value instanceof List<?> list) || list.isEmpty()) {
      throw row.problem("column '" + column + "' is not a list of messages.");
    }
    List<Message> messages = new ArrayList<>();
    for (Object entry : list) {
      try {
        messages.add(message(entry));
      } catch (IllegalArgumentException e) {
        throw row.problem("turn %d %s.".formatted(messages.size() + 1, e.getMessage()));
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
    if (content instanceof List<?> parts) {
      content = joined(role, parts);
    }
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

  /** Parts of type text, one behind the other, as chat templates write them. */
  private static String joined(String role, List<?> parts) {
    StringBuilder text = new StringBuilder();
    for (Object part : parts) {
      Object own = part instanceof Map<?, ?> map ? map.get("text") : part;
      if (!(own instanceof String)) {
        Object type = part instanceof Map<?, ?> map ? map.get("type") : part;
        throw new IllegalArgumentException("(" + role + ") has something else than text as content: " + type);
      }
      text.append(own);
    }
    return text.toString();
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
      throw new IllegalArgumentException("has the unknown role '" + name + "'; known are "
          + String.join(", ", new TreeSet<>(roles.keySet())) + "; register others with withRole or withAlias");
    }
    return role;
  }

  private static Optional<String> conversationColumn(DataRow row) {
    return CONVERSATIONS.stream().filter(row.values()::containsKey).findFirst();
  }

  private static DataException unknownShape(DataRow row, String kind) {
    return row
      .problem("no %scolumns to learn from; wanted are %s%s, not %s: give the builder a function from row to sample."
        .formatted(kind, String.join(", ", CONVERSATIONS), kind.isEmpty() ? ", prompt and completion, or text" : "",
            String.join(", ", row.values().keySet())));
  }
}
