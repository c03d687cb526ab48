package org.coldstart.notebook;

import java.util.List;
import java.util.stream.Collectors;

/** Questions and answers in two columns; long texts wrap and are never cut. */
final class ConversationHtml {

  private static final String TABLE =
      "border-collapse:collapse;background:transparent;font-size:13px;table-layout:fixed;width:100%";
  private static final String CELL =
      "padding:6px 12px 6px 4px;vertical-align:top;text-align:left;white-space:pre-wrap;"
          + "overflow-wrap:anywhere;border-bottom:1px solid var(--jp-border-color2,#8884);";
  private static final String HEAD =
      "color:var(--jp-ui-font-color2,#888);font-weight:600;"
          + "border-bottom:2px solid var(--jp-border-color1,#8888);";
  private static final String PROMPT = "User Prompt";
  private static final String RESPONSE = "Assistant Response";

  private ConversationHtml() {}

  static Rich of(List<Exchange> exchanges) {
    String head = row("th", CELL + HEAD, PROMPT, RESPONSE);
    String body =
        exchanges.stream()
            .map(e -> row("td", CELL, e.prompt(), e.response()))
            .collect(Collectors.joining());
    String html =
        "<table style=\""
            + TABLE
            + "\"><colgroup><col style=\"width:38%\"><col></colgroup><thead>"
            + head
            + "</thead><tbody>"
            + body
            + "</tbody></table>";
    return Rich.html(html, text(exchanges));
  }

  private static String row(String tag, String style, String... cells) {
    StringBuilder row = new StringBuilder("<tr style=\"background:transparent\">");
    for (String cell : cells) {
      row.append("<%s style=\"%s\">%s</%s>".formatted(tag, style, Html.escape(cell), tag));
    }
    return row.append("</tr>").toString();
  }

  private static String text(List<Exchange> exchanges) {
    return exchanges.stream()
        .map(e -> PROMPT + ": " + e.prompt() + "\n" + RESPONSE + ": " + e.response())
        .collect(Collectors.joining("\n\n"));
  }
}
