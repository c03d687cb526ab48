package org.coldstart.notebook;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.data.Conversation;
import org.coldstart.data.DataRow;
import org.coldstart.data.Sample;
import org.coldstart.data.SampleFormatter;
import org.coldstart.data.Text;
import org.coldstart.tokenizer.Message;

/** Questions and answers in two columns; long texts wrap and are never cut. */
final class ConversationHtml {

  private static final String CELL = "padding:6px 12px 6px 4px;vertical-align:top;text-align:left;white-space:pre-wrap;"
      + "overflow-wrap:anywhere;";
  private static final String LAST = CELL + Rich.LINE_BELOW;
  private static final String PROMPT = "User Prompt";
  private static final String RESPONSE = "Assistant Response";

  /**
   * One turn of the user's, and the assistant's reply to it.
   *
   * @param prompt what the user says; other messages before it, such as the system's, come first under their role
   * @param response what the assistant says; empty where the conversation ends without a reply
   */
  private record Exchange(String prompt, String response) {}

  private ConversationHtml() {}

  /**
   * The rows' conversations, one below the other, with a line under each.
   *
   * @throws org.coldstart.data.DataException if a row is no conversation
   */
  static Rich of(List<DataRow> rows) {
    List<List<Exchange>> conversations = rows.stream().map(ConversationHtml::exchanges).toList();
    String body = conversations.stream().map(ConversationHtml::conversation).collect(Collectors.joining());
    String html = "<colgroup><col style=\"width:38%\"><col></colgroup><thead>"
        + cells("th", LAST + Rich.HEADING, PROMPT, RESPONSE) + "</thead><tbody>" + body + "</tbody>";
    String text = conversations.stream()
      .flatMap(List::stream)
      .map(e -> PROMPT + ": " + e.prompt + "\n" + RESPONSE + ": " + e.response)
      .collect(Collectors.joining("\n\n"));
    return Rich.html(Rich.element("table", Rich.TABLE + ";table-layout:fixed;width:100%", html), text);
  }

  private static String conversation(List<Exchange> exchanges) {
    return IntStream.range(0, exchanges.size())
      .mapToObj(i -> cells("td", i == exchanges.size() - 1 ? LAST : CELL, exchanges.get(i).prompt,
          exchanges.get(i).response))
      .collect(Collectors.joining());
  }

  private static List<Exchange> exchanges(DataRow row) {
    Sample sample = SampleFormatter.standard().apply(row);
    if (sample instanceof Text text) {
      return List.of(new Exchange(text.prompt(), text.completion()));
    }
    List<Exchange> exchanges = new ArrayList<>();
    List<Message> asked = new ArrayList<>();
    for (Message message : ((Conversation) sample).messages()) {
      if (message.role().equals("assistant")) {
        exchanges.add(new Exchange(prompt(asked), content(message)));
        asked.clear();
      } else {
        asked.add(message);
      }
    }
    if (!asked.isEmpty()) {
      exchanges.add(new Exchange(prompt(asked), ""));
    }
    return exchanges;
  }

  private static String prompt(List<Message> messages) {
    return messages.stream()
      .map(m -> m.role().equals("user") ? content(m) : "[" + m.role() + "] " + content(m))
      .collect(Collectors.joining("\n\n"));
  }

  private static String content(Message message) {
    return message.content() == null ? "" : message.content();
  }

  private static String cells(String tag, String style, String prompt, String response) {
    return Rich.element("tr", "background:transparent",
        Rich.element(tag, style, Rich.escape(prompt)) + Rich.element(tag, style, Rich.escape(response)));
  }
}
