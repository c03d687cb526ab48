package org.coldstart.notebook;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.coldstart.generate.ConversationTooLongException;
import org.coldstart.generate.Generation;
import org.coldstart.generate.ReasoningChat.Phase;
import org.coldstart.generate.ReasoningChat;
import org.coldstart.generate.TwoPhaseReply;

/**
 * A chat in a notebook: reads a question from the box that JupyterLab opens under the cell, shows reasoning and answer
 * as Markdown while they are written, and reads the next.
 *
 * <pre>{@code
 * new ChatLoop(chat).run(List.of("How much is 12 + 30?"));   // the list where nobody can type
 * }</pre>
 *
 * <p>
 * An empty line, {@code exit} or {@code quit} ends it; so does a conversation that has become too long, with the
 * article's closing message, or an interrupted reply.
 */
public final class ChatLoop {

  private static final Set<String> ENDINGS = Set.of("", "exit", "quit");

  private final ReasoningChat chat;

  /** A loop over a chat, whose history goes on. */
  public ChatLoop(ReasoningChat chat) {
    this.chat = chat;
  }

  /**
   * Answers what the user types; where nobody can type, as when a notebook is run headless, what the list has instead.
   *
   * @return the replies
   */
  public List<TwoPhaseReply> run(List<String> scripted) {
    return run(System.in, scripted);
  }

  List<TwoPhaseReply> run(InputStream in, List<String> scripted) {
    Iterator<String> typed = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).lines().iterator();
    Iterator<String> questions = typed.hasNext() ? typed : scripted.iterator();
    List<TwoPhaseReply> replies = new ArrayList<>();
    while (questions.hasNext()) {
      String question = questions.next().strip();
      if (ENDINGS.contains(question.toLowerCase(Locale.ROOT))) {
        break;
      }
      try (LiveReply live = new LiveReply(question)) {
        replies.add(chat.reply(question, live));
      } catch (ConversationTooLongException e) {
        System.out.println(e.getMessage());
        break;
      }
      if (replies.get(replies.size() - 1).answer().stop() == Generation.Stop.INTERRUPTED) {
        break;
      }
    }
    return replies;
  }

  /** A question and its two-phase reply, shown as Markdown under a cell while the reply grows. */
  static final class LiveReply implements BiConsumer<Phase, String>, AutoCloseable {

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
      return new Rich(Rendering.MARKDOWN, parts(ReplyMarkdown::safe) + "---", parts(UnaryOperator.identity()));
    }

    private String parts(UnaryOperator<String> as) {
      return part("You", as.apply(question)) + part("Reasoning", as.apply(reasoning.toString()))
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
}
