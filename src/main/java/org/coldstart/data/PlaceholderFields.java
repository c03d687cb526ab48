package org.coldstart.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.coldstart.tokenizer.Message;

/** A message's further fields, such as tool calls, with a placeholder for one text in them after the other. */
final class PlaceholderFields {

  private PlaceholderFields() {}

  /** One message for each text in the further fields of {@code message}, however deep. */
  static List<Message> of(Message message, String placeholder) {
    List<Message> marked = new ArrayList<>();
    message.extra().forEach((field, value) -> forEachText(value, placeholder, changed -> {
      marked.add(message.with(field, changed));
    }));
    return marked;
  }

  /** Gives {@code sink} the value as often as it holds texts, each time with another one replaced. */
  private static void forEachText(Object value, String placeholder, Consumer<Object> sink) {
    if (value instanceof String) {
      sink.accept(placeholder);
    } else if (value instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) {
        int at = i;
        forEachText(list.get(i), placeholder, changed -> {
          List<Object> copy = new ArrayList<>(list);
          copy.set(at, changed);
          sink.accept(copy);
        });
      }
    } else if (value instanceof Map<?, ?> map) {
      map.forEach((key, entry) -> forEachText(entry, placeholder, changed -> {
        Map<Object, Object> copy = new LinkedHashMap<>(map);
        copy.put(key, changed);
        sink.accept(copy);
      }));
    }
  }
}
