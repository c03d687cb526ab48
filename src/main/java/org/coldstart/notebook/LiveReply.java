package org.coldstart.notebook;

import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
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
    return new Rich(
        Rendering.MARKDOWN, parts(ReplyMarkdown::safe) + "---", parts(UnaryOperator.identity()));
  }

  private String parts(UnaryOperator<String> as) {
    return part("You", as.apply(question))
        + part("Reasoning", as.apply(reasoning.toString()))
        + part("Answer", as.apply(answer.toString()));
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
