package org.coldstart.tokenizer;

import java.util.List;
import java.util.Optional;
import org.coldstart.io.jinja.TemplateException;

/**
 * What Ollama wants to know about a GGUF file: {@code ollama create think -f Modelfile}. Ollama does not run a model's
 * chat template but one in Go's language, which is made of what ours writes around the messages, and left out where
 * that would not give the same text.
 */
public final class Modelfile {
  private static final String PROBE = "Probe7f";
  private static final List<Message> TURNS = List.of(Message.user(PROBE), Message.assistant(PROBE),
      Message.user(PROBE));

  private Modelfile() {}

  /**
   * The text of the file.
   *
   * @param model the GGUF file's name, in the same folder
   * @param ends the ids that end a reply
   */
  public static String of(Tokenizer tokenizer, String model, List<Integer> ends) {
    StringBuilder file = new StringBuilder("FROM ./" + model + "\n");
    try {
      template(tokenizer).ifPresent(file::append);
    } catch (IllegalStateException | TemplateException noTurns) {
      file.append("# The chat template has no turns that Ollama's language could write.\n");
    }
    ends.forEach(id -> file.append("PARAMETER stop \"").append(tokenizer.idToToken(id)).append("\"\n"));
    return file.toString();
  }

  /** TEMPLATE, and SYSTEM where the chat template says something of its own accord. */
  private static Optional<String> template(Tokenizer tokenizer) {
    ChatFormat format = ChatFormat.of(tokenizer);
    String user = format.prefix("user") + PROBE + format.suffix();
    String turns = user + format.responseTemplate() + PROBE + format.suffix() + user;
    String closed = tokenizer.applyChatTemplate(TURNS, false);
    String prompt = tokenizer.applyChatTemplate(TURNS, true);
    if (!closed.endsWith(turns) || !prompt.startsWith(closed)) {
      return Optional.empty();
    }
    String before = closed.substring(0, closed.length() - turns.length());
    String first = before.startsWith(format.bos()) && tokenizer.addsBos() ? before.substring(format.bos().length()) : before;
    String open = format.prefix("system");
    boolean says = first.startsWith(open) && first.endsWith(format.suffix());
    String go = (says ? "" : first) + "{{ range .Messages }}" + format.beforeRole() + "{{ if eq .Role \"assistant\" }}"
        + format.assistant() + "{{ else }}{{ .Role }}{{ end }}" + format.afterRole() + "{{ .Content }}" + format.suffix()
        + "{{ end }}" + prompt.substring(closed.length());
    String system = says ? first.substring(open.length(), first.length() - format.suffix().length()) : "";
    return Optional.of(quoted("TEMPLATE", go) + (says ? quoted("SYSTEM", system) : ""));
  }

  private static String quoted(String instruction, String text) {
    return instruction + " \"\"\"" + text + "\"\"\"\n";
  }
}
