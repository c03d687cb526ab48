package org.coldstart.notebook;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.coldstart.tokenizer.Message;

/**
 * Lets llama.cpp read a GGUF file, to see that it finds there what we do; it comes with the optional Python side.
 *
 * <pre>{@code
 * Optional<LlamaCpp.Reading> reading = LlamaCpp.find().map(
 *     llama -> llama.read(file, List.of("<think>"), List.of(Message.user("Hello!")), promptIds, 40, 2));
 * }</pre>
 */
public final class LlamaCpp {

  /** What a notebook prints where it is not installed. */
  public static final String HOW_TO_INSTALL = "llama.cpp is not installed; environment/run --with-python installs it.";

  /**
   * What llama.cpp made of a file.
   *
   * @param ids of each text, special tokens recognised and nothing put around them
   * @param rendered the conversation by the file's chat template, up to where the reply begins
   * @param renderedIds its ids
   * @param greedyIds the likeliest continuation of the prompt, the end token included if one came
   * @param greedyText the same as text, as it is shown to a user
   * @param tokensPerSecond how fast it was written
   */
  public record Reading(List<int[]> ids, String rendered, int[] renderedIds, int[] greedyIds, String greedyText,
      double tokensPerSecond) {}

  private record Request(List<String> texts, List<Map<String, String>> messages, int[] prompt, int newTokens,
      int threads) {}

  private final PythonReader python;

  private LlamaCpp(PythonReader python) {
    this.python = python;
  }

  /** That of the Python side; empty if there is none. */
  public static Optional<LlamaCpp> find() {
    return PythonReader.find().filter(python -> python.has("xllamacpp")).map(LlamaCpp::new);
  }

  /** Reads one file: tokenizes texts, renders a conversation, goes on from a prompt; an empty list asks for nothing. */
  public Reading read(Path gguf, List<String> texts, List<Message> messages, int[] prompt, int newTokens,
      int threads) {
    List<Map<String, String>> turns = messages.stream()
      .map(message -> Map.of("role", message.role(), "content", message.content()))
      .toList();
    Request request = new Request(texts, turns, prompt, newTokens, threads);
    return python.exchange("read_gguf.py", Map.of(gguf, request), Reading.class).get(gguf);
  }
}
