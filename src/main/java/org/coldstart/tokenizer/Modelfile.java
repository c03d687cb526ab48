package org.coldstart.tokenizer;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.coldstart.io.jinja.TemplateException;

/**
 * What Ollama wants to know about a GGUF file: {@code ollama create think -f Modelfile}. Ollama does not run a model's
 * chat template but one in Go's language; it is read off what ours renders, and left out where turns cannot be told
 * apart (Llama 2) or a template changes what was said before.
 */
public final class Modelfile {
  private static final Message SYSTEM = Message.system("Probe7fS");
  private static final Message QUESTION = Message.user("Probe7fQ");
  private static final Message REPLY = Message.assistant("Probe7fR");
  private static final Message MORE = Message.user("Probe7fM");

  private final Tokenizer tokenizer;

  private Modelfile(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * The text of the file.
   *
   * @param model the GGUF file's name, in the same folder
   * @param ends the ids that end a reply
   */
  public static String of(Tokenizer tokenizer, String model, List<Integer> ends) {
    String head = "FROM ./" + model + "\n";
    String template = tokenizer.hasChatTemplate() ? new Modelfile(tokenizer).template().orElse("") : "";
    StringBuilder file = new StringBuilder(head).append(template);
    ends.forEach(id -> file.append("PARAMETER stop \"").append(tokenizer.idToToken(id)).append("\"\n"));
    return file.toString();
  }

  /** TEMPLATE, and SYSTEM where the template has a message of its own. */
  private Optional<String> template() {
    String bos = tokenizer.bosToken().orElse("");
    try {
      String two = withoutBos(bos, false, QUESTION, REPLY, MORE);
      String one = withoutBos(bos, false, QUESTION, REPLY);
      String asked = withoutBos(bos, false, QUESTION);
      String prompt = withoutBos(bos, true, QUESTION);
      boolean grows = two.startsWith(one) && one.startsWith(asked) && prompt.startsWith(asked);
      String user = grows ? two.substring(one.length()).replace(MORE.content(), QUESTION.content()) : "";
      if (user.isEmpty() || !asked.endsWith(user) || tokenizer.addsBos() && user.startsWith(bos)) {
        return Optional.empty();
      }
      String before = asked.substring(0, asked.length() - user.length());
      String system = systemTurn(bos, user).orElse("");
      Optional<String> usual = saying(before, system);
      String turns = "{{ range .Messages }}{{ if eq .Role \"user\" }}" + content(user, QUESTION)
          + "{{ else if eq .Role \"assistant\" }}" + content(one.substring(asked.length()), REPLY)
          + (system.isEmpty() ? "" : "{{ else if eq .Role \"system\" }}" + content(system, SYSTEM)) + "{{ end }}{{ end }}";
      String first = startsWithBos(bos) && !tokenizer.addsBos() ? bos : "";
      String opening = usual.isPresent() ? "" : before;
      return Optional.of("TEMPLATE \"\"\"" + first + opening + turns + prompt.substring(asked.length()) + "\"\"\"\n"
          + usual.map(text -> "SYSTEM \"\"\"" + text + "\"\"\"\n").orElse(""));
    } catch (TemplateException oneRoundOnly) {
      return Optional.empty();
    }
  }

  private static String content(String turn, Message probe) {
    return turn.replace(probe.content(), "{{ .Content }}");
  }

  private boolean startsWithBos(String bos) {
    return !bos.isEmpty() && tokenizer.applyChatTemplate(List.of(QUESTION, REPLY), false).startsWith(bos)
        && !withoutBos(bos, false, QUESTION, REPLY).startsWith(bos);
  }

  /** ChatML's BOS opens every turn, and is then no BOS. */
  private String withoutBos(String bos, boolean prompt, Message... messages) {
    String text = tokenizer.applyChatTemplate(List.of(messages), prompt);
    String twice = tokenizer.applyChatTemplate(List.of(QUESTION, REPLY), false);
    boolean once = !bos.isEmpty() && twice.indexOf(bos) == twice.lastIndexOf(bos);
    return once && text.startsWith(bos) ? text.substring(bos.length()) : text;
  }

  private Optional<String> systemTurn(String bos, String user) {
    try {
      String text = withoutBos(bos, false, SYSTEM, QUESTION);
      return Stream.of(text)
        .filter(whole -> whole.endsWith(user) && whole.contains(SYSTEM.content()))
        .map(whole -> whole.substring(0, whole.length() - user.length()))
        .findFirst();
    } catch (TemplateException noSystemMessages) {
      return Optional.empty();
    }
  }

  /** What a text says if it is a system message of this form. */
  private static Optional<String> saying(String text, String system) {
    int at = system.indexOf(SYSTEM.content());
    String end = at < 0 ? "" : system.substring(at + SYSTEM.content().length());
    boolean is = at >= 0 && !text.isEmpty() && text.startsWith(system.substring(0, at)) && text.endsWith(end);
    return is ? Optional.of(text.substring(at, text.length() - end.length())) : Optional.empty();
  }
}
