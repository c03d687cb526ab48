package org.coldstart.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Turns prompts and completions into ids and masks through the model's own chat template.
 *
 * <p>The prompt, up to where the reply begins, and the completion are encoded apart and joined, so
 * that the mask is exact to the token by construction. The completion carries loss up to and
 * including its end-of-turn token; what the template puts after that does not.
 */
public final class ExampleBuilder {

  private final Tokenizer tokenizer;
  private final int endToken;

  /**
   * A builder for one model's template.
   *
   * @throws IllegalArgumentException if the tokenizer names no end-of-sequence token
   */
  public ExampleBuilder(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    this.endToken =
        tokenizer
            .eosTokenId()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "The tokenizer has no eos token, so no reply could learn to end."));
  }

  /**
   * The example of one conversation.
   *
   * @param row the row's number, for messages
   * @throws IllegalArgumentException if the template does not keep the prompt when the reply
   *     follows, or the completion has no end-of-turn token
   */
  public Example build(long row, PromptCompletion pair) {
    String prompt = tokenizer.applyChatTemplate(pair.prompt(), true);
    List<Message> conversation = new ArrayList<>(pair.prompt());
    conversation.add(pair.completion());
    String whole = tokenizer.applyChatTemplate(conversation, false);
    if (!whole.startsWith(prompt)) {
      throw new IllegalArgumentException(
          "Row "
              + row
              + ": the chat template renders the prompt differently once the reply follows, so its"
              + " loss cannot be told from the prompt's; use a template that only appends.");
    }
    int[] promptIds = tokenizer.encode(prompt, false).ids();
    int[] completionIds = tokenizer.encode(whole.substring(prompt.length()), false).ids();
    return join(row, promptIds, completionIds);
  }

  private Example join(long row, int[] prompt, int[] completion) {
    int last = completion.length - 1;
    while (last >= 0 && completion[last] != endToken) {
      last--;
    }
    if (last < 0) {
      throw new IllegalArgumentException(
          "Row "
              + row
              + ": the template writes no end-of-turn token ('"
              + tokenizer.idToToken(endToken)
              + "') after the reply, so the model would not learn to stop.");
    }
    int[] ids = Arrays.copyOf(prompt, prompt.length + completion.length);
    System.arraycopy(completion, 0, ids, prompt.length, completion.length);
    boolean[] mask = new boolean[ids.length];
    Arrays.fill(mask, prompt.length, prompt.length + last + 1, true);
    return new Example(ids, mask);
  }

  /**
   * The examples of a data set, built on all cores.
   *
   * @param maxLength rows with more tokens are left out whole and counted: half an answer teaches
   *     the model to stop half-way
   */
  public ExampleSet build(DataSet rows, Function<Row, PromptCompletion> format, int maxLength) {
    List<Example> all =
        IntStream.range(0, rows.size())
            .parallel()
            .mapToObj(i -> build(rows.get(i).number(), format.apply(rows.get(i))))
            .toList();
    List<Example> kept = all.stream().filter(example -> example.length() <= maxLength).toList();
    return new ExampleSet(kept, all.size() - kept.size());
  }
}
