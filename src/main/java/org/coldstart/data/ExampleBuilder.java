package org.coldstart.data;

import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Turns rows into ids and masks, conversations through the model's own chat template.
 *
 * <pre>{@code
 * ExampleBuilder builder = new ExampleBuilder(tokenizer);
 * ExampleSet train = builder.build(rows, ThinkAnswer::promptCompletion, 1024);
 * ExampleSet chats = builder.lossOn(LossOn.roles("reasoning", "assistant"))
 *     .build(rows, SampleFormatter.standard().withRole("reasoning"), 1024);
 * }</pre>
 *
 * <p>Where the model begins to write, no token reaches across, so the mask is exact to the token by
 * construction. Whichever turns carry loss, their end-of-turn tokens do as well. Unless told
 * otherwise, loss is taken on completions, and rows that are too long are dropped.
 */
public final class ExampleBuilder {

  private final Tokenizer tokenizer;
  private final LossOn loss;
  private final Map<String, ?> variables;
  private final LengthLimit limit;

  /** Every row is rendered at the same moment, for templates that write the date. */
  private final Clock clock;

  /** A builder for one model's tokenizer and template. */
  public ExampleBuilder(Tokenizer tokenizer) {
    this(
        tokenizer,
        LossOn.completions(),
        Map.of(),
        new LengthLimit(Truncation.DROP, 0.5),
        Clock.fixed(Clock.systemDefaultZone().instant(), Clock.systemDefaultZone().getZone()));
  }

  private ExampleBuilder(
      Tokenizer tokenizer, LossOn loss, Map<String, ?> variables, LengthLimit limit, Clock clock) {
    this.tokenizer = tokenizer;
    this.loss = loss;
    this.variables = variables;
    this.limit = limit;
    this.clock = clock;
  }

  /** As this one, with the loss on other tokens; the default is {@link LossOn#completions()}. */
  public ExampleBuilder lossOn(LossOn tokens) {
    return new ExampleBuilder(tokenizer, tokens, variables, limit, clock);
  }

  /** As this one, with further variables for the chat template, such as {@code enable_thinking}. */
  public ExampleBuilder templateVariables(Map<String, ?> more) {
    return new ExampleBuilder(tokenizer, loss, Map.copyOf(more), limit, clock);
  }

  /** As this one, with another fate of rows that are too long; the default is to drop them. */
  public ExampleBuilder overlong(Truncation fate) {
    LengthLimit changed = new LengthLimit(fate, limit.maxShare());
    return new ExampleBuilder(tokenizer, loss, variables, changed, clock);
  }

  /**
   * As this one, refusing a data set in which a greater share of rows is too long; the default is
   * 0.5.
   *
   * @param share in [0, 1]; 1 refuses none
   */
  public ExampleBuilder maxOverlongShare(double share) {
    LengthLimit changed = new LengthLimit(limit.overlong(), share);
    return new ExampleBuilder(tokenizer, loss, variables, changed, clock);
  }

  /**
   * The example of one row.
   *
   * @param row the row's number, for messages
   * @throws DataException naming the row if no token would carry loss, what the model is to write
   *     has no token that ends it, the template does not keep the prompt when the reply follows, a
   *     response template is not found, or the template refuses the conversation
   */
  public Example build(long row, Sample sample) {
    try {
      Example example = masked(sample).encode(tokenizer);
      check(example);
      return example;
    } catch (DataException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new RowProblem(row, String.valueOf(e.getMessage()), e);
    }
  }

  private TokenizedSpans masked(Sample sample) {
    if (sample instanceof Text text) {
      TextRow row = TextRow.of(text, tokenizer);
      return new TokenizedSpans(row.text(), loss.in(row));
    }
    Conversation conversation =
        sample instanceof PromptCompletion pair ? pair.conversation() : (Conversation) sample;
    ChatRow row = new ChatRow(conversation, tokenizer, variables, clock);
    return new TokenizedSpans(row.text(), loss.in(row));
  }

  private void check(Example example) {
    if (example.keptTokens() == 0) {
      throw new IllegalArgumentException(
          "no token carries loss; there is no turn or text of the kind to learn from.");
    }
    if (loss.needsStop() && !endsWithStop(example.keptIds())) {
      throw new IllegalArgumentException(
          "what the model is to write has no token that ends it (a special token"
              + tokenizer.eosToken().map(eos -> " such as '" + eos + "'").orElse("")
              + "), so the model would not learn to stop.");
    }
  }

  /** Whether the last kept token that is not blank is one that ends a turn. */
  private boolean endsWithStop(int[] kept) {
    int last = kept.length - 1;
    while (last > 0 && tokenizer.decode(kept[last]).isBlank()) {
      last--;
    }
    return tokenizer.isSpecial(kept[last]);
  }

  /**
   * The examples of a data set whose columns tell its shape; see {@link SampleFormatter}.
   *
   * @param maxLength as below
   */
  public ExampleSet build(DataSet rows, int maxLength) {
    return build(rows, SampleFormatter.standard(), maxLength);
  }

  /**
   * The examples of a data set, built on all cores.
   *
   * @param maxLength the tokens a row may have; longer ones are dropped or cut, and counted
   * @throws DataException naming the rows that cannot be used, as {@link #build(long, Sample)} or
   *     because too many are too long
   */
  public ExampleSet build(DataSet rows, Function<DataRow, ? extends Sample> format, int maxLength) {
    Object[] built =
        IntStream.range(0, rows.size())
            .parallel()
            .mapToObj(i -> exampleOrProblem(rows.get(i), format))
            .toArray();
    List<RowProblem> problems = only(RowProblem.class, built);
    if (!problems.isEmpty()) {
      throw RowProblem.first(problems, rows.size());
    }
    return limit.apply(rows, only(Example.class, built), maxLength);
  }

  private Object exampleOrProblem(DataRow row, Function<DataRow, ? extends Sample> format) {
    try {
      return build(row.number(), format.apply(row));
    } catch (RowProblem problem) {
      return problem;
    }
  }

  private static <T> List<T> only(Class<T> type, Object[] objects) {
    return Arrays.stream(objects).filter(type::isInstance).map(type::cast).toList();
  }
}
