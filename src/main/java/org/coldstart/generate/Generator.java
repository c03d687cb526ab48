package org.coldstart.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.CausalLm;
import org.coldstart.model.KvCache;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Generates text with a model: greedily or by sampling, one prompt or many side by side.
 *
 * <pre>{@code
 * Generator generator = new Generator(model, tokenizer);
 * Generation reply = generator.chat(List.of(Message.user("Hello!")), Sampling.greedy(), 40);
 * System.out.println(reply.text());
 * }</pre>
 *
 * <p>
 * A reply ends at any of the end tokens that the checkpoint or the tokenizer names or {@link #withStopTokens} adds, at
 * the token limit, or when the thread is interrupted.
 */
public final class Generator {

  /** New tokens that a cache has room for from the start; most replies are no longer than this. */
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
   * A generator whose replies end at these tokens as well, such as one that ends a turn and is not the tokenizer's EOS.
   *
   * @param tokens in the vocabulary's own spelling
   * @throws IllegalArgumentException if the tokenizer does not know one, naming it
   */
  public Generator withStopTokens(String... tokens) {
    Set<Integer> all = new TreeSet<>(stopTokens);
    Arrays.stream(tokens).map(tokenizer::id).forEach(all::add);
    return new Generator(model, tokenizer, all);
  }

  /** Continues a text; the tokenizer's own leading tokens, such as a BOS, are put before it. */
  public Generation generate(String prompt, Sampling sampling, int maxNewTokens) {
    return single(tokenizer.encode(prompt).ids(), sampling, maxNewTokens, null);
  }

  /** Answers a conversation through the model's chat template. */
  public Generation chat(List<Message> messages, Sampling sampling, int maxNewTokens) {
    return single(promptIds(messages), sampling, maxNewTokens, null);
  }

  /**
   * Answers a conversation and streams the reply. An interrupted one keeps what was written.
   *
   * @param onText gets each new piece of the reply's text
   */
  public Generation chat(List<Message> messages, Sampling sampling, int maxNewTokens, Consumer<String> onText) {
    return single(promptIds(messages), sampling, maxNewTokens, onText);
  }

  private Generation single(int[] prompt, Sampling sampling, int maxNewTokens, Consumer<String> onText) {
    return write(List.of(prompt), new int[] {maxNewTokens}, new TokenSampler(sampling), onText).get(0);
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
   * @throws CancellationException if the thread is interrupted: some replies would be cut off. The interrupt is
   * consumed, as it is by a single reply.
   */
  public List<Generation> generate(List<int[]> prompts, Sampling sampling, int maxNewTokens) {
    return generate(prompts, sampling, maxNewTokens, Math.max(1, prompts.size()));
  }

  /**
   * The same for any number of prompts, so many of them side by side at a time. The batches draw from one sequence of
   * random numbers.
   *
   * @param batchSize at least 1
   */
  public List<Generation> generate(List<int[]> prompts, Sampling sampling, int maxNewTokens, int batchSize) {
    checkMaxNewTokens(maxNewTokens);
    TokenSampler sampler = new TokenSampler(sampling);
    return batches(prompts, batchSize).stream()
      .flatMap(batch -> generate(batch, batch.stream().mapToInt(p -> maxNewTokens).toArray(), sampler).stream())
      .toList();
  }

  static <T> List<List<T>> batches(List<T> all, int size) {
    if (size < 1) {
      throw new IllegalArgumentException("batchSize must be at least 1, not " + size + ".");
    }
    return IntStream.range(0, (all.size() + size - 1) / size)
      .mapToObj(i -> all.subList(i * size, Math.min(all.size(), (i + 1) * size)))
      .toList();
  }

  /** Continues a batch whose replies have limits of their own, all of them to their end. */
  List<Generation> generate(List<int[]> prompts, int[] maxNewTokens, TokenSampler sampler) {
    List<Generation> replies = write(prompts, maxNewTokens, sampler, null);
    if (replies.stream().anyMatch(reply -> reply.stop() == Generation.Stop.INTERRUPTED)) {
      throw new CancellationException("Interrupted before all replies were written.");
    }
    return replies;
  }

  private List<Generation> write(List<int[]> prompts, int[] maxNewTokens, TokenSampler sampler,
      Consumer<String> onText) {
    checkTopK(sampler.sampling());
    int limit = model.config().maxPositionEmbeddings();
    List<Reply> replies = new ArrayList<>();
    for (int row = 0; row < prompts.size(); row++) {
      int[] prompt = prompts.get(row);
      checkMaxNewTokens(maxNewTokens[row]);
      checkPrompt(prompt);
      if (prompt.length >= limit) {
        throw tooLong(prompt.length);
      }
      // Each row has the model's positions to itself, however long its neighbours' prompts are.
      int most = Math.min(maxNewTokens[row], limit - prompt.length);
      replies.add(new Reply(prompt, most, onText == null ? null : stream(onText)));
    }
    synchronized (model) { // a stopped training cell may still be at its last batch
      write(replies, sampler);
      return replies.stream().map(reply -> reply.toGeneration(tokenizer)).toList();
    }
  }

  TextStreamer stream(Consumer<String> onText) {
    return new TextStreamer(ids -> tokenizer.decode(ids, true), onText);
  }

  static void checkMaxNewTokens(int maxNewTokens) {
    if (maxNewTokens < 1) {
      throw new IllegalArgumentException("maxNewTokens must be at least 1, not " + maxNewTokens + ".");
    }
  }

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
          open.forEach(reply -> reply.end(Generation.Stop.INTERRUPTED));
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
      NDArray logits = cache.length() == 0 ? model.nextLogits(step, prompts, cache)
          : model.nextLogits(step, open.stream().mapToLong(Reply::lastId).toArray(), cache);
      return sampler.choose(withoutPaddingRows(logits), sampler.penalizedIds(open));
    }
  }

  /** Without the rows that only fill the matrix up: they have no token. */
  NDArray withoutPaddingRows(NDArray logits) {
    return logits.getShape().get(1) <= tokenizer.size() ? logits : TorchOps.slice(logits, 1, 0, tokenizer.size());
  }

  /** Finished rows go on beside the others until a quarter has ended: dropping them moves the cache's rows. */
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

  /** The probabilities of what comes after a text, given by its ids, at least one. */
  public TokenDistribution nextTokenProbabilities(int[] ids) {
    return nextTokenProbabilities(ids, new int[0], Sampling.temperature(1, 0));
  }

  /**
   * The distribution that the next token of a reply is drawn from: the model's own after all of a sampling's steps.
   * Under greedy sampling one token has it all.
   *
   * @param prompt ids, at least one
   * @param generated the reply so far, may be empty; a repetition penalty with a range looks at no other tokens
   */
  public TokenDistribution nextTokenProbabilities(int[] prompt, int[] generated, Sampling sampling) {
    checkTopK(sampling);
    Reply reply = new Reply(prompt, Integer.MAX_VALUE, null);
    IntStream.of(generated).forEach(id -> reply.add(id, Set.of()));
    TokenSampler sampler = new TokenSampler(sampling);
    try (NDManager step = Torch.newManager()) {
      float[] all = nextTokenLogits(reply.ids());
      NDArray logits = withoutPaddingRows(step.create(all, new Shape(1, all.length)));
      NDArray probabilities = sampler.probabilities(logits, sampler.penalizedIds(List.of(reply)));
      return new TokenDistribution(probabilities.toFloatArray(), tokenizer);
    }
  }

  /** The probabilities of what comes after a conversation as the chat template renders it. */
  public TokenDistribution nextTokenProbabilities(List<Message> messages) {
    return nextTokenProbabilities(tokenizer.encode(tokenizer.applyChatTemplate(messages, false), false).ids());
  }

  private float[] nextTokenLogits(int[] ids) {
    synchronized (model) { // the rows checked are those read
      checkPrompt(ids);
      return model.nextTokenLogits(ids);
    }
  }

  @Override
  public String toString() {
    return "Generator ending at " + endTokens().stream().map(tokenizer::idToToken).collect(Collectors.joining(", "));
  }
}
