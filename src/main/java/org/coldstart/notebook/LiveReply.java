package org.coldstart.notebook;

import java.util.function.BiConsumer;
import org.coldstart.generate.ReasoningChat.Phase;

/** A question and its two-phase reply, shown as Markdown under a cell while the reply grows. */
final class LiveReply implements BiConsumer<Phase, String>, AutoCloseable {

  private static final long INTERVAL_MILLIS = 150;

  private final LiveDisplay display = new LiveDisplay(INTERVAL_MILLIS);
  private final String question;
  private final StringBuilder reasoning = new StringBuilder();
  private final StringBuilder answer = new StringBuilder();

  LiveReply(String question) {
    this.question = question;
  }

  @Override
  public void accept(Phase phase, String piece) {
    (phase == Phase.REASONING ? reasoning : answer).append(piece);
    display.offer(this::rich);
  }

  Rich rich() {
    String markdown =
        part("You", ReplyMarkdown.safe(question))
            + part("Reasoning", ReplyMarkdown.safe(reasoning.toString()))
            + part("Answer", ReplyMarkdown.safe(answer.toString()));
    String text =
        part("You", question)
            + part("Reasoning", reasoning.toString())
            + part("Answer", answer.toString());
    return new Rich(Rendering.MARKDOWN, markdown + "---", text);
  }

  private static String part(String title, String content) {
    return content.isBlank() ? "" : "**" + title + "**\n\n" + content.strip() + "\n\n";
  }

  /** Shows all of the reply; without a kernel, prints it. */
  @Override
  public void close() {
    display.show(this::rich);
    if (!display.hasKernel()) {
      System.out.println(rich());
    }
  }
}
