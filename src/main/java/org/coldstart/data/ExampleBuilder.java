package org.coldstart.data;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.coldstart.data.ShardCounts.Faults;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Turns rows into token ids and loss masks, conversations through the model's own chat template.
 *
 * <pre>{@code
 * ExampleBuilder builder = new ExampleBuilder(tokenizer);
 * ExampleSet train = builder.build(rows, ThinkAnswer::promptCompletion, 1024);
 * ExampleSet chats = builder.lossOn(LossOn.roles("reasoning", "assistant"))
 *     .build(rows, SampleFormatter.standard().withRole("reasoning"), 1024);
 * }</pre>
 *
 * <p>
 * No token reaches across the place where the model begins to write, so the mask is exact to the token. Turns that
 * carry loss do so with their end-of-turn tokens. By default these are the completions, and rows that are too long are
 * dropped. Rows that do not fit in memory go through {@link ExampleWriter}.
 */
public final class ExampleBuilder {

  private final Tokenizer tokenizer;
  private final LossOn loss;
  private final Map<String, ?> variables;
  private final boolean truncate;
  private final double maxOverlongShare;

  /** Every row is rendered at the same moment, for templates that write the date. */
  private final Clock clock = Clock.fixed(Instant.now(), ZoneId.systemDefault());

  /** A builder for one model's tokenizer and template. */
  public ExampleBuilder(Tokenizer tokenizer) {
    this(tokenizer, LossOn.completions(), Map.of(), false, 0.5);
  }

  private ExampleBuilder(Tokenizer tokenizer, LossOn loss, Map<String, ?> variables, boolean truncate, double share) {
    this.tokenizer = tokenizer;
    this.loss = loss;
    this.variables = variables;
    this.truncate = truncate;
    this.maxOverlongShare = share;
  }

  /** As this one, with the loss on other tokens; the default is {@link LossOn#completions()}. */
  public ExampleBuilder lossOn(LossOn tokens) {
    return new ExampleBuilder(tokenizer, tokens, variables, truncate, maxOverlongShare);
  }

  /** As this one, with further variables for the chat template, such as {@code enable_thinking}. */
  public ExampleBuilder templateVariables(Map<String, ?> more) {
    return new ExampleBuilder(tokenizer, loss, Map.copyOf(more), truncate, maxOverlongShare);
  }

  /**
   * As this one, truncating rows that are too long on the right, as TRL does. By default they are dropped, for half an
   * answer carries no end-of-turn token.
   */
  public ExampleBuilder truncateOverlong() {
    return new ExampleBuilder(tokenizer, loss, variables, true, maxOverlongShare);
  }

  /** As this one, refusing a data set in which a greater share in [0, 1] of rows is too long; the default is 0.5. */
  public ExampleBuilder maxOverlongShare(double share) {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException("maxOverlongShare must lie in [0, 1], not " + share + ".");
    }
    return new ExampleBuilder(tokenizer, loss, variables, truncate, share);
  }

  /** The examples of a data set whose columns show its shape, as {@link SampleFormatter} reads them. */
  public ExampleSet build(DataSet rows, int maxLength) {
    return build(rows, SampleFormatter.standard(), maxLength);
  }

  /**
   * The examples of a data set, built on all cores.
   *
   * @param format may throw any unchecked exception; the row is named in front of its message
   * @param maxLength the tokens a row may have; longer ones are dropped or truncated, and counted
   * @throws DataException naming the rows that cannot be used, as {@link #build(long, Sample)}, because {@code format}
   * failed, or because too many are too long
   */
  public ExampleSet build(DataSet rows, Function<DataRow, ? extends Sample> format, int maxLength) {
    List<DataRow> all = rows.stream().toList();
    List<Example> examples = DataException.map(all, row -> build(row.number(), format.apply(row)));
    return ExampleSet.fit(all, examples, maxLength, truncate, maxOverlongShare);
  }

  /**
   * The example of one row.
   *
   * @param row the row's number, for messages
   * @throws DataException naming the row if no token would carry loss, the reply has no token that ends it, the
   * template refuses the conversation or changes the prompt when the reply follows, or a response template is not found
   */
  public Example build(long row, Sample sample) {
    try {
      Example example = encode(sample);
      check(example);
      return example;
    } catch (RuntimeException e) {
      throw e instanceof DataException ? e : new DataException(row, String.valueOf(e.getMessage()), e);
    }
  }

  /** Ids and mask, not checked. */
  Example encode(Sample sample) {
    return tokenizedSpans(sample).encode(tokenizer);
  }

  /** The example within so many tokens, cut if that is wanted and leaves some loss; empty if it is too long. */
  Optional<Example> fit(Example whole, int maxLength) {
    Example start = whole.truncate(maxLength);
    return Optional.of(start).filter(it -> it == whole || truncate && it.keptTokens() > 0);
  }

  /** Refuses rows of which a greater share is too long than is allowed. */
  void checkOverlong(Faults tooLong, int others, int maxLength) {
    if (tooLong.count() > maxOverlongShare * (tooLong.count() + others)) {
      throw new DataException(
          "%d rows have more than %d tokens and %d do not (%s); raise maxLength, or use maxOverlongShare(1)."
            .formatted(tooLong.count(), maxLength, others, String.join("; ", tooLong.named())));
    }
  }

  private TokenizedSpans tokenizedSpans(Sample sample) {
    if (sample instanceof Text text) {
      Text.Rendered row = text.render(tokenizer);
      return new TokenizedSpans(row.text(), loss.in(row));
    }
    Conversation conversation = sample instanceof PromptCompletion pair ? pair.conversation() : (Conversation) sample;
    ChatRow row = new ChatRow(conversation, tokenizer, variables, clock);
    return new TokenizedSpans(row.text(), loss.in(row));
  }

  /** Refuses an example without loss or without a token that ends it. */
  void check(Example example) {
    if (example.keptTokens() == 0) {
      throw new IllegalArgumentException("no token carries loss; there is no turn or text of the kind to learn from.");
    }
    if (loss.needsStop() && !endsWithStop(example.keptIds())) {
      throw new IllegalArgumentException("what the model is to write has no token that ends it"
          + TokenizedSpans.example(tokenizer) + ", so the model would not learn to stop.");
    }
  }

  /** Whether the last kept token that is not white space is one that ends a turn. */
  private boolean endsWithStop(int[] kept) {
    int last = kept.length - 1;
    while (last > 0 && tokenizer.decode(kept[last]).isBlank()) {
      last--;
    }
    return tokenizer.isSpecial(kept[last]);
  }
}
