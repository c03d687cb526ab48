package org.coldstart.notebook;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.coldstart.data.Conversation;
import org.coldstart.data.SampleFormatter;
import org.coldstart.data.DataRow;
import org.coldstart.data.Sample;
import org.coldstart.data.Text;
import org.coldstart.tokenizer.Message;

/**
 * One turn of the user's, with what was said before it by others, and the assistant's reply to it.
 *
 * @param prompt what the user says; a system message stands before it under its role
 * @param response what the assistant says; empty where the conversation ends without a reply
 */
record Exchange(String prompt, String response) {

  /**
   * A row's exchanges, in order.
   *
   * @throws org.coldstart.data.DataException if the row is no conversation, as {@link SampleFormatter}
   *     says it
   */
  static List<Exchange> of(DataRow row) {
    Sample sample = SampleFormatter.standard().apply(row);
    if (sample instanceof Text text) {
      return List.of(new Exchange(text.prompt(), text.completion()));
    }
    List<Exchange> exchanges = new ArrayList<>();
    List<Message> asked = new ArrayList<>();
    for (Message message : ((Conversation) sample).messages()) {
      if (message.role().equals("assistant")) {
        exchanges.add(new Exchange(said(asked), content(message)));
        asked.clear();
      } else {
        asked.add(message);
      }
    }
    if (!asked.isEmpty()) {
      exchanges.add(new Exchange(said(asked), ""));
    }
    return exchanges;
  }

  private static String said(List<Message> messages) {
    return messages.stream()
        .map(m -> m.role().equals("user") ? content(m) : "[" + m.role() + "] " + content(m))
        .collect(Collectors.joining("\n\n"));
  }

  private static String content(Message message) {
    return message.content() == null ? "" : message.content();
  }
}
