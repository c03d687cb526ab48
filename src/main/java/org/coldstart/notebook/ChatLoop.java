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
import org.coldstart.generate.ConversationTooLongException;
import org.coldstart.generate.Generation;
import org.coldstart.generate.ReasoningChat;
import org.coldstart.generate.TwoPhaseReply;

/**
 * A chat in a notebook: asks for a question in the box that JupyterLab opens under the cell, shows
 * reasoning and answer as Markdown while they are written, and asks again.
 *
 * <pre>{@code
 * new ChatLoop(chat).run(List.of("How much is 12 + 30?"));   // the list where nobody can type
 * }</pre>
 *
 * <p>An empty line, {@code exit} or {@code quit} ends it; so does a conversation that has become
 * too long, with the article's closing message, or an interrupted reply.
 */
public final class ChatLoop {

  private static final Set<String> ENDINGS = Set.of("", "exit", "quit");

  private final ReasoningChat chat;

  /** A loop over a chat, whose history goes on. */
  public ChatLoop(ReasoningChat chat) {
    this.chat = chat;
  }

  /**
   * Asks the user; where there is nobody to ask, as when a notebook is run headless, asks what
   * stands in the list instead.
   *
   * @return the replies
   */
  public List<TwoPhaseReply> run(List<String> scripted) {
    return run(System.in, scripted);
  }

  List<TwoPhaseReply> run(InputStream in, List<String> scripted) {
    Iterator<String> typed =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).lines().iterator();
    return answer(typed.hasNext() ? typed : scripted.iterator());
  }

  /** Asks what stands in the list, and nobody. */
  public List<TwoPhaseReply> play(List<String> scripted) {
    return answer(scripted.iterator());
  }

  private List<TwoPhaseReply> answer(Iterator<String> questions) {
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
      if (interrupted(replies.get(replies.size() - 1))) {
        break;
      }
    }
    return replies;
  }

  private static boolean interrupted(TwoPhaseReply reply) {
    return reply.answer().stop() == Generation.Stop.INTERRUPTED;
  }
}
