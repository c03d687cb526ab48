package org.coldstart.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.model.CausalLm;
import org.coldstart.model.KvCache;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.io.torch.Autograd;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;

/**
 * Lets a model write.
 *
 * <pre>{@code
 * Generator generator = new Generator(model, tokenizer);
 * Generation reply = generator.chat(List.of(Message.user("Hello!")), Sampling.greedy(), 40);
 * System.out.println(reply.text());
 * }</pre>
 *
 * <p>A reply ends at any of the end tokens that the checkpoint or the tokenizer names or {@link
 * #withStopTokens} adds, at the token limit, or when the thread is interrupted.
 */
public final class Generator {

  /** New tokens that a cache has room for from the start; most replies are no longer. */
  private static final int FIRST_ROOM = 256;

  private final CausalLm model;
  private final Tokenizer tokenizer;
  private final Set<Integer> stopTokens;

  /** A generator for a model and the tokenizer that belongs to it. */
  public Generator(CausalLm model, Tokenizer tokenizer) {
    this(model, tokenizer, Set.of());
  }

  private Generator(CausalLm model, Tokenizer tokenizer, Set<Integer> stopTokens) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.stopTokens = stopTokens;
  }

  /**
   * A generator for the same model whose replies end at these tokens as well, such as {@code [EOT]}
   * or a token that ends a turn and is not the tokenizer's EOS. This one stays as it is.
   *
   * @param tokens in the vocabulary's own spelling
   * @throws IllegalArgumentException if the tokenizer does not know one, naming it
   */
  public Generator withStopTokens(String... tokens) {
    return withStopTokens(Arrays.stream(tokens).mapToInt(tokenizer::id).toArray());
  }

  /**
   * As {@link #withStopTokens(String...)}, by ids.
   *
   * @throws IllegalArgumentException if the tokenizer has no token of such an id, naming it
   */
  public Generator withStopTokens(int... ids) {
    Set<Integer> all = new TreeSet<>(stopTokens);
    for (int id : ids) {
      tokenizer.idToToken(id); // refuses an id without a token
      all.add(id);
    }
    return new Generator(model, tokenizer, all);
  }

  /** Continues a text; the tokenizer's own leading tokens, such as a BOS, are put before it. */
  public Generation generate(String prompt, Sampling sampling, int maxNewTokens) {
    return generate(List.of(tokenizer.encode(prompt).ids()), sampling, maxNewTokens).get(0);
  }

  /** Answers a conversation through the model's chat template. */
  public Generation chat(List<Message> messages, Sampling sampling, int maxNewTokens) {
    return generate(List.of(promptIds(messages)), sampling, maxNewTokens).get(0);
  }

  /**
   * Answers a conversation and tells the reply as it grows.
   *
   * @param onText gets each new piece of the reply's text
   */
  public Generation chat(
      List<Message> messages, Sampling sampling, int maxNewTokens, Consumer<String> onText) {
    return run(List.of(promptIds(messages)), sampling, maxNewTokens, onText).get(0);
  }

  /** The ids of a conversation up to where the reply begins. */
  public int[] promptIds(List<Message> messages) {
    return tokenizer.encode(tokenizer.applyChatTemplate(messages, true), false).ids();
  }

  /**
   * Continues several prompts, which may differ in length, at once.
   *
   * @param prompts ids, none empty
   * @return the replies in the prompts' order
   */
  public List<Generation> generate(List<int[]> prompts, Sampling sampling, int maxNewTokens) {
    return run(prompts, sampling, maxNewTokens, null);
  }

  /**
   * The same for any number of prompts, so many of them side by side at a time. With sampling, each
   * batch draws from the seed anew.
   *
   * @param batchSize at least 1
   */
  public List<Generation> generate(
      List<int[]> prompts, Sampling sampling, int maxNewTokens, int batchSize) {
    if (batchSize < 1) {
      throw new IllegalArgumentException("batchSize must be at least 1, not " + batchSize + ".");
    }
    List<Generation> replies = new ArrayList<>();
    for (int from = 0; from < prompts.size(); from += batchSize) {
      List<int[]> batch = prompts.subList(from, Math.min(prompts.size(), from + batchSize));
      replies.addAll(generate(batch, sampling, maxNewTokens));
    }
    return List.copyOf(replies);
  }

  private List<Generation> run(
      List<int[]> prompts, Sampling sampling, int maxNewTokens, Consumer<String> onText) {
    checkLengths(prompts, maxNewTokens);
    checkTopK(sampling);
    List<Reply> replies =
        prompts.stream().map(prompt -> reply(prompt, maxNewTokens, onText)).toList();
    synchronized (model) { // a stopped training cell may still be at its last batch
      return Autograd.withoutGradient(
          () -> {
            write(replies, new TokenSampler(sampling));
            return replies.stream().map(reply -> reply.finish(tokenizer)).toList();
          });
    }
  }

  /** Each row has the model's positions to itself, however long its neighbours' prompts are. */
  private Reply reply(int[] prompt, int maxNewTokens, Consumer<String> onText) {
    int limit = Math.min(maxNewTokens, model.config().maxPositionEmbeddings() - prompt.length);
    return new Reply(prompt, limit, onText == null ? null : new TextStreamer(tokenizer, onText));
  }

  private void checkLengths(List<int[]> prompts, int maxNewTokens) {
    checkMaxNewTokens(maxNewTokens);
    int limit = model.config().maxPositionEmbeddings();
    for (int[] prompt : prompts) {
      checkPrompt(prompt);
      if (prompt.length >= limit) {
        throw tooLong(prompt.length);
      }
    }
  }

  static void checkMaxNewTokens(int maxNewTokens) {
    if (maxNewTokens < 1) {
      throw new IllegalArgumentException(
          "maxNewTokens must be at least 1, not " + maxNewTokens + ".");
    }
  }

  /** What holds for each text that the model is to read. */
  private void checkPrompt(int[] prompt) {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("A prompt needs at least one token.");
    }
    model.checkHasRows(tokenizer, prompt);
    if (prompt.length > model.config().maxPositionEmbeddings()) {
      throw tooLong(prompt.length);
    }
  }

  private IllegalArgumentException tooLong(int length) {
    return new IllegalArgumentException(
        "The prompt has %d tokens, and the model sees no more than %d, the reply included: shorten it."
            .formatted(length, model.config().maxPositionEmbeddings()));
  }

  void checkTopK(Sampling sampling) {
    int vocabulary = Math.min(model.config().vocabSize(), tokenizer.size());
    if (sampling.topK() > vocabulary) {
      throw new IllegalArgumentException(
          "topK is %d, but the model's vocabulary has only %d tokens: take at most that many, or 0 for all."
              .formatted(sampling.topK(), vocabulary));
    }
  }

  private void write(List<Reply> replies, TokenSampler sampler) {
    if (replies.isEmpty()) {
      return;
    }
    Set<Integer> endTokens = endTokens();
    List<int[]> prompts = replies.stream().map(Reply::prompt).toList();
    int longest = replies.stream().mapToInt(Reply::limit).max().getAsInt();
    try (KvCache cache = model.newCache(prompts, Math.min(longest, FIRST_ROOM))) {
      List<Reply> open = replies;
      while (!open.isEmpty()) {
        if (Thread.interrupted()) {
          open.forEach(Reply::interrupt);
          return;
        }
        int[] chosen = next(prompts, cache, sampler, open);
        for (int row = 0; row < chosen.length; row++) {
          open.get(row).add(chosen[row], endTokens);
        }
        open = dropEnded(open, cache);
      }
    }
  }

  private int[] next(List<int[]> prompts, KvCache cache, TokenSampler sampler, List<Reply> open) {
    try (NDManager step = Torch.newManager()) {
      NDArray logits =
          cache.length() == 0
              ? model.nextLogits(step, prompts, cache)
              : model.nextLogits(step, open.stream().mapToLong(Reply::lastId).toArray(), cache);
      return sampler.choose(withoutSpareRows(logits), seen(sampler, open));
    }
  }

  static List<int[]> seen(TokenSampler sampler, List<Reply> open) {
    return sampler.looksBack()
        ? open.stream().map(reply -> reply.penalizedIds(sampler.range())).toList()
        : List.of();
  }

  /** A row to spare stands for no token, so there is nothing to write for it. */
  NDArray withoutSpareRows(NDArray logits) {
    return logits.getShape().get(1) <= tokenizer.size()
        ? logits
        : TorchOps.slice(logits, 1, 0, tokenizer.size());
  }

  /**
   * Finished rows go on beside the others until a quarter has ended: dropping them moves the
   * cache's rows.
   */
  private static List<Reply> dropEnded(List<Reply> open, KvCache cache) {
    int[] going = IntStream.range(0, open.size()).filter(row -> !open.get(row).ended()).toArray();
    if (going.length > 0 && open.size() - going.length <= open.size() / 4) {
      return open;
    }
    if (going.length > 0) {
      cache.keepRows(going);
    }
    return Arrays.stream(going).mapToObj(open::get).toList();
  }

  Set<Integer> endTokens() {
    Set<Integer> ends = new TreeSet<>(model.generationConfig().eosTokenIds());
    tokenizer.eosTokenId().ifPresent(ends::add);
    ends.addAll(stopTokens);
    return ends;
  }

  /**
   * The probabilities of what comes after a text, without a generation prompt or anything else
   * added.
   *
   * @param ids the text's ids
   * @throws IllegalArgumentException if there is none
   */
  public TokenDistribution nextTokenProbabilities(int[] ids) {
    checkPrompt(ids);
    return TokenDistribution.softmax(model.nextTokenLogits(ids), tokenizer);
  }

  /**
   * The distribution that the next token of a reply is drawn from: the model's own after all of a
   * sampling's steps. Under greedy sampling one token has it all.
   *
   * @param prompt ids, at least one
   * @param generated the reply so far, may be empty; a repetition penalty with a range looks at no
   *     other tokens
   */
  public TokenDistribution nextTokenProbabilities(int[] prompt, int[] generated, Sampling sampling) {
    Reply reply = new Reply(prompt, generated);
    checkPrompt(reply.ids());
    checkTopK(sampling);
    TokenSampler sampler = new TokenSampler(sampling);
    float[] scores = model.nextTokenLogits(reply.ids());
    try (NDManager step = Torch.newManager()) {
      NDArray logits = withoutSpareRows(step.create(scores, new Shape(1, scores.length)));
      NDArray probabilities = sampler.probabilities(logits, seen(sampler, List.of(reply)));
      return TokenDistribution.of(probabilities.toFloatArray(), tokenizer);
    }
  }

  /** The probabilities of what comes after a conversation as the chat template renders it. */
  public TokenDistribution nextTokenProbabilities(List<Message> messages) {
    return nextTokenProbabilities(
        tokenizer.encode(tokenizer.applyChatTemplate(messages, false), false).ids());
  }

  @Override
  public String toString() {
    return "Generator ending at "
        + endTokens().stream().map(tokenizer::idToToken).collect(Collectors.joining(", "));
  }
}
