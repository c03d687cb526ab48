package org.coldstart.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Reinforcement: a step draws a group of replies to each of its prompts, has them judged, and weighs their tokens by
 * {@link GrpoLoss}. With one update a batch and no reference ρ is 1 and a token's weight is its reply's advantage.
 */
final class GrpoObjective implements Objective<Prompt> {

  private final CausalLm model;
  private final CausalLm reference;
  private final Generator generator;
  private final GrpoConfig config;
  private final List<Prompt> prompts;
  private final List<Reward> rewards;
  private volatile List<Completion> completions = List.of();

  GrpoObjective(CausalLm model, CausalLm reference, Tokenizer tokenizer, GrpoConfig config, List<Prompt> prompts,
      List<Reward> rewards) {
    this.model = model;
    this.reference = reference;
    this.generator = new Generator(model, tokenizer);
    this.config = config;
    this.prompts = List.copyOf(prompts);
    this.rewards = List.copyOf(rewards);
    Trainer.checkVocabulary(model, reference);
    int most = model.config().maxPositionEmbeddings() - 1;
    for (int i = 0; i < prompts.size(); i++) {
      int[] ids = prompts.get(i).ids();
      if (ids.length == 0 || ids.length > most) {
        throw new IllegalArgumentException("Prompt %d has %d tokens; to be answered it needs one, and %d at most."
          .formatted(i + 1, ids.length, most));
      }
      model.checkHasRows(tokenizer, ids);
    }
    if (rewards.isEmpty() || rewards.stream().map(Reward::name).distinct().count() < rewards.size()) {
      throw new IllegalArgumentException("There must be at least one reward, and no two of the same name.");
    }
    if (config.beta() > 0 && reference == null && model.adapter().isEmpty()) {
      throw new IllegalArgumentException(
          "beta above 0 holds the model to a reference: give the model before training as one, or train an adapter.");
    }
  }

  List<Completion> completions() {
    return completions;
  }

  /** Each step's prompts as often as there are updates on their replies. */
  @Override
  public List<List<Prompt>> steps(int epoch) {
    int size = config.training().rowsPerStep() / config.numGenerations();
    return Batches.shuffled(prompts, size, config.training().seed() + epoch)
      .stream()
      .flatMap(step -> Collections.nCopies(config.numIterations(), step).stream())
      .toList();
  }

  @Override
  public int rows() {
    return prompts.size() * config.numIterations();
  }

  @Override
  public StepBatch weigh(List<Prompt> step, TrainerState state, Failures failures) {
    boolean drawsAnew = state.stepInEpoch % config.numIterations() == 0;
    completions = drawsAnew ? draw(step, state.globalStep, failures) : state.rollout;
    List<float[]> now = null;
    if (config.numIterations() > 1 || config.beta() > 0) {
      now = logProbabilities(model);
      if (drawsAnew) {
        addLogProbabilities(now);
      }
    }
    state.rollout = config.numIterations() > 1 ? completions : List.of();
    return weigh(completions, now, step.size());
  }

  /** Groups of replies with their advantages. */
  private List<Completion> draw(List<Prompt> step, int number, Failures failures) {
    int size = config.numGenerations();
    List<Prompt> asked = step.stream().flatMap(prompt -> Collections.nCopies(size, prompt).stream()).toList();
    // By the place in the run alone, so that a resumed run draws the same replies.
    Sampling sampling = Sampling.temperature(config.temperature(), config.training().seed() + 1_000_003L * number);
    List<Generation> replies = generator.generate(asked.stream().map(Prompt::ids).toList(), sampling,
        config.maxCompletionLength(), config.training().perDeviceTrainBatchSize());
    double[][] judged = new double[asked.size()][];
    double[] sums = new double[asked.size()];
    for (int i = 0; i < judged.length; i++) {
      judged[i] = judge(asked.get(i), replies.get(i), i % size + 1, failures);
      for (int k = 0; k < rewards.size(); k++) {
        sums[i] += rewards.get(k).weight() * judged[i][k];
      }
    }
    double[] advantages = config.scaleRewards().advantages(sums, size);
    return IntStream.range(0, judged.length).mapToObj(i -> {
      int[] prompt = asked.get(i).ids();
      Generation reply = replies.get(i);
      int[] ids = IntStream.concat(IntStream.of(prompt), IntStream.of(reply.ids())).toArray();
      boolean masked = config.maskTruncatedCompletions() && !reply.ended();
      return new Completion(prompts.indexOf(asked.get(i)) + 1, ids, prompt.length, reply.text(), !reply.ended(), masked,
          judged[i], sums[i], advantages[i], null, null);
    }).toList();
  }

  private double[] judge(Prompt prompt, Generation reply, int number, Failures failures) {
    return rewards.stream().mapToDouble(reward -> {
      String place = "The reward \"%s\" of reply %d to prompt %d ".formatted(reward.name(), number,
          prompts.indexOf(prompt) + 1);
      double value;
      try {
        value = reward.function().reward(prompt.row(), reply);
      } catch (RuntimeException e) {
        throw failures.betweenSteps(place + "failed: " + e, e);
      }
      if (!Double.isFinite(value)) {
        throw failures.betweenSteps(place + "is " + value + ", no number to learn from.", null);
      }
      return value;
    }).toArray();
  }

  private List<float[]> logProbabilities(CausalLm by) {
    List<Example> examples = completions.stream().map(Completion::example).toList();
    return LogProbabilities.of(by, examples, config.temperature(), config.training().precision()).tokens();
  }

  /** Keeps what the later updates on these replies are measured by. */
  private void addLogProbabilities(List<float[]> old) {
    List<float[]> ref = config.beta() == 0 ? Collections.nCopies(old.size(), null)
        : reference != null ? logProbabilities(reference)
            : model.adapter().get().disabled(() -> logProbabilities(model));
    List<Completion> bare = completions;
    completions = IntStream.range(0, bare.size()).mapToObj(i -> bare.get(i).with(old.get(i), ref.get(i))).toList();
  }

  /**
   * The loss of a step.
   *
   * @param now log-probabilities of the replies' tokens; null where they are those that the replies were drawn by
   */
  StepBatch weigh(List<Completion> replies, List<float[]> now, int rows) {
    Map<String, Double> metrics = metrics(replies);
    Map<Integer, List<Example>> groups = new TreeMap<>();
    long tokens = replies.stream().map(Completion::example).mapToLong(Example::keptTokens).sum();
    double loss = 0;
    double clipped = 0;
    double divergence = 0;
    boolean learns = false;
    for (int i = 0; i < replies.size(); i++) {
      Completion reply = replies.get(i);
      float[] weights = new float[reply.ids().length];
      int kept = reply.masked() ? 0 : reply.length();
      double share = share(kept, replies.size(), tokens);
      for (int t = 0; t < kept; t++) {
        double ratio = reply.oldLogProbs() == null ? 1 : Math.exp(now.get(i)[t] - reply.oldLogProbs()[t]);
        double toReference = reply.refLogProbs() == null ? 0 : reply.refLogProbs()[t] - now.get(i)[t];
        GrpoLoss token = new GrpoLoss(config, reply.advantage(), ratio, toReference);
        weights[reply.promptLength() + t] = (float) (token.weight() * share);
        loss += token.loss() * share;
        clipped += token.isClipped() ? 1.0 / tokens : 0;
        divergence += ratio * token.divergence() / tokens;
        learns |= token.weight() != 0;
      }
      if (kept > 0) {
        groups.computeIfAbsent(reply.row(), row -> new ArrayList<>()).add(reply.example().withWeights(weights));
      }
    }
    if (config.beta() > 0) {
      metrics.put("kl", divergence);
    }
    if (config.numIterations() > 1) {
      metrics.put("clip_ratio/region_mean", clipped);
    }
    metrics.put("steps_without_update", learns ? 0.0 : 1);
    return new StepBatch(rows, learns ? parts(List.copyOf(groups.values())) : List.of(), 1, config.temperature(), loss,
        metrics);
  }

  /** The share of one of a reply's tokens in the mean. */
  private double share(int length, int replies, long tokens) {
    return switch (config.lossType()) {
    case GRPO -> 1.0 / replies / length;
    case DR_GRPO -> 1.0 / replies / config.maxCompletionLength();
    case DAPO -> 1.0 / tokens;
    };
  }

  /** Group by group where that has prompts read once, else in micro-batches. */
  private List<List<List<Example>>> parts(List<List<Example>> groups) {
    List<Example> all = groups.stream().flatMap(List::stream).toList();
    int common = sharedPrefix(all);
    return groups.stream().allMatch(group -> sharedPrefix(group) > common) ? groups.stream().map(List::of).toList()
        : List.of(Batches.cut(all, config.training().perDeviceTrainBatchSize()));
  }

  private static int sharedPrefix(List<Example> replies) {
    return ForwardBackward.sharedPrefix(replies.stream().map(Example::context).toList());
  }

  private Map<String, Double> metrics(List<Completion> replies) {
    Map<String, Double> metrics = new TreeMap<>();
    double[] sums = values(replies, Completion::reward);
    metrics.put("reward", ScaleRewards.mean(sums));
    metrics.put("reward_std", ScaleRewards.deviation(sums));
    metrics.put("frac_reward_zero_std",
        Batches.cut(replies, config.numGenerations())
          .stream()
          .mapToDouble(group -> group.stream().allMatch(reply -> reply.advantage() == 0) ? 1 : 0)
          .average()
          .orElse(Double.NaN));
    for (int k = 0; k < rewards.size(); k++) {
      int index = k;
      double[] each = values(replies, reply -> reply.rewards()[index]);
      metrics.put("rewards/" + rewards.get(k).name() + "/mean", ScaleRewards.mean(each));
    }
    metrics.put("completions/mean_length", ScaleRewards.mean(values(replies, Completion::length)));
    metrics.put("completions/clipped_ratio", ScaleRewards.mean(values(replies, reply -> reply.truncated() ? 1 : 0)));
    return metrics;
  }

  private static double[] values(List<Completion> replies, ToDoubleFunction<Completion> value) {
    return replies.stream().mapToDouble(value).toArray();
  }

  @Override
  public Map<String, String> fingerprint() {
    Map<String, String> fingerprint = config.training().recipe(config);
    List<Example> rows = prompts.stream().map(it -> new Example(it.ids(), new boolean[it.ids().length])).toList();
    fingerprint.put("prompts", SftObjective.fingerprint(rows));
    rewards.forEach(reward -> fingerprint.put("weight of reward " + reward.name(), "" + reward.weight()));
    return fingerprint;
  }

  @Override
  public String rowNumbers(List<Example> examples) {
    return Objective.named("prompt", completions.stream()
      .filter(reply -> examples.stream().anyMatch(example -> Arrays.equals(example.ids(), reply.ids())))
      .map(Completion::row)
      .distinct()
      .toList());
  }
}
