package org.coldstart.tools.study;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.coldstart.data.DataRow;
import org.coldstart.data.DataSet;
import org.coldstart.data.Example;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.data.LossOn;
import org.coldstart.evaluate.Perplexity;
import org.coldstart.evaluate.ReplyReport;
import org.coldstart.evaluate.ReplyReport.ScoredReply;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.study.ReinforcementRun;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.train.GrpoConfig;
import org.coldstart.train.GrpoTrainer;
import org.coldstart.train.Prompt;
import org.coldstart.train.Reward;
import org.coldstart.train.SaveStrategy;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;
import org.coldstart.train.TrainingListener;
import org.coldstart.train.TrainingLog;

/**
 * Reinforcement of notebook 04's recipe: the cold start over some rows, then GRPO on the questions behind them, which
 * pays for the right answer and half as much again for reasoning that holds; and one round of rejection sampling on as
 * many replies. Every run may be stopped: it goes on from its last checkpoint.
 *
 * @param coldRows of the cold start
 * @param steps of GRPO
 * @param every so many of which the model is measured
 * @param rowsPerStep replies
 */
record ReinforcementStudy(RecipeStudy runs, int coldRows, int steps, int every, int rowsPerStep, double learningRate) {

  private static final int GROUP = 8;
  private static final int SIDE_BY_SIDE = 64;
  private static final int LONGEST = 128;
  private static final int SAMPLED = 60;
  private static final String GRPO = "grpo";
  private static final String REJECTION = "rejection sampling";

  void run() {
    Path cold = runs.trained(new Recipe.Tags(), coldRows);
    if (!done(GRPO, steps)) {
      grpo(cold);
    }
    if (!done(REJECTION, 1)) {
      rejectionSampling(cold);
    }
  }

  private boolean done(String method, int step) {
    return ReinforcementRun.readAll(file())
      .stream()
      .anyMatch(it -> it.model().equals(runs.modelName()) && it.method().equals(method) && it.seed() == runs.seed()
          && it.step() == step);
  }

  private Path file() {
    return runs.results().resolve("reinforcement.csv");
  }

  private void grpo(Path cold) {
    Path folder = runs.folder("grpo-" + coldRows);
    try (CausalLm lm = CausalLm.fromPretrained(cold); Tokenizer tokenizer = Tokenizer.fromPretrained(cold)) {
      if (!done(GRPO, 0)) {
        write(measure(lm, tokenizer, GRPO, 0, 0, Double.NaN, Double.NaN));
      }
      GrpoConfig config = GrpoConfig.builder()
        .numGenerations(GROUP)
        .maxCompletionLength(LONGEST)
        .numIterations(2)
        .perDeviceTrainBatchSize(SIDE_BY_SIDE)
        .gradientAccumulationSteps(rowsPerStep / SIDE_BY_SIDE)
        .learningRate(learningRate)
        .maxSteps(steps)
        .precision(Precision.fastest())
        .seed(runs.seed())
        .loggingSteps(1)
        .outputDir(folder)
        .saveStrategy(SaveStrategy.STEPS)
        .saveSteps(5)
        .saveTotalLimit(1)
        .build();
      Generator generator = new Generator(lm, tokenizer);
      List<Prompt> prompts = questions().stream().map(row -> new Prompt(ids(generator, row), row)).toList();
      GrpoTrainer trainer = new GrpoTrainer(lm, tokenizer, config, prompts, rewards());
      TrainingListener watch = new TrainingListener() {
        @Override
        public void onLog(TrainingLog.Entry entry) {
          double reward = entry.metrics().getOrDefault("reward", Double.NaN);
          System.out.printf("grpo, step %d of %d: reward %.3f, entropy %.4f%n", entry.step(), steps, reward,
              entry.entropy());
          if (entry.step() > 0 && (entry.step() % every == 0 || entry.step() == steps)) {
            long drawn = (long) rowsPerStep * ((entry.step() + 1) / config.numIterations());
            write(measure(lm, tokenizer, GRPO, entry.step(), drawn, reward, entry.entropy()));
          }
        }
      };
      boolean resumes = GrpoTrainer.lastCheckpoint(folder).isPresent();
      if ((resumes ? trainer.resume(watch) : trainer.train(watch)).interrupted()) {
        throw new CancellationException("Stopped; the same command goes on from " + folder);
      }
    }
    RecipeStudy.delete(folder);
  }

  /** Draws as many replies as GRPO did, and trains on the right ones whose reasoning holds, once. */
  private void rejectionSampling(Path cold) {
    int drawn = rowsPerStep * (steps / 2);
    try (CausalLm lm = CausalLm.fromPretrained(cold); Tokenizer tokenizer = Tokenizer.fromPretrained(cold)) {
      DataSet asked = questions();
      List<DataRow> rows = IntStream.range(0, drawn).mapToObj(i -> asked.get(i / GROUP % asked.size())).toList();
      List<Generation> replies = draw(lm, tokenizer, rows);
      Generator generator = new Generator(lm, tokenizer);
      List<Example> right = IntStream.range(0, drawn)
        .filter(i -> scored(rows.get(i), replies.get(i)).reasoningHolds())
        .mapToObj(i -> example(ids(generator, rows.get(i)), replies.get(i).ids()))
        .toList();
      System.out.printf("rejection sampling: %d of %d replies are right and hold%n", right.size(), drawn);
      SftConfig config = SftConfig.builder()
        .learningRate(learningRate)
        .perDeviceTrainBatchSize(16)
        .groupByLength(true)
        .precision(Precision.fastest())
        .seed(runs.seed())
        .build();
      if (!right.isEmpty()) {
        new SftTrainer(lm, tokenizer, config, right, List.of()).train();
      }
      double reward = 1.5 * right.size() / drawn;
      write(measure(lm, tokenizer, REJECTION, 1, drawn, reward, Double.NaN));
    }
  }

  private DataSet questions() {
    DataSet rows = DataSet.load("data/reasoning", "train");
    return rows.select(coldRows, rows.size());
  }

  private static int[] ids(Generator generator, DataRow row) {
    return generator.promptIds(List.of(Message.user(row.text("instruction"))));
  }

  private static Example example(int[] prompt, int[] reply) {
    int[] ids = IntStream.concat(IntStream.of(prompt), IntStream.of(reply)).toArray();
    boolean[] mask = new boolean[ids.length];
    Arrays.fill(mask, prompt.length, ids.length, true);
    return new Example(ids, mask);
  }

  private static ScoredReply scored(DataRow row, Generation reply) {
    return new ScoredReply(row.text("instruction"), row.text("output"), reply);
  }

  private static List<Reward> rewards() {
    return List.of(Reward.of("exact", (row, reply) -> scored(row, reply).exact() ? 1 : 0),
        Reward.of("holds", (row, reply) -> scored(row, reply).reasoningHolds() ? 1 : 0).withWeight(0.5));
  }

  private List<Generation> draw(CausalLm lm, Tokenizer tokenizer, List<DataRow> rows) {
    Generator generator = new Generator(lm, tokenizer);
    List<int[]> prompts = rows.stream().map(row -> ids(generator, row)).toList();
    return generator.generate(prompts, Sampling.temperature(1, runs.seed()), LONGEST, SIDE_BY_SIDE);
  }

  private ReinforcementRun measure(CausalLm lm, Tokenizer tokenizer, String method, int step, long drawn,
      double reward, double entropy) {
    DataSet test = DataSet.load("data/reasoning", "test");
    DataSet asked = test.select(0, Math.min(runs.questions(), test.size()));
    ReplyReport greedy = ReplyReport.of(new Generator(lm, tokenizer), asked, Sampling.greedy(), LONGEST);
    List<DataRow> sampled = asked.stream()
      .limit(SAMPLED)
      .flatMap(row -> Collections.nCopies(GROUP, row).stream())
      .toList();
    List<Generation> replies = draw(lm, tokenizer, sampled);
    int[] right = new int[sampled.size() / GROUP];
    for (int i = 0; i < sampled.size(); i++) {
      right[i / GROUP] += scored(sampled.get(i), replies.get(i)).exact() ? 1 : 0;
    }
    DataSet conversations = DataSet.load("data/conversations", "test");
    double elsewhere = Perplexity
      .of(lm, new ExampleBuilder(tokenizer).lossOn(LossOn.assistantTurns()).build(conversations, 1024).examples())
      .meanLoss();
    return new ReinforcementRun(runs.modelName(), method, runs.seed(), step, drawn, asked.size(),
        (int) greedy.exact().hits(), (int) greedy.reasoningHolds().hits(),
        IntStream.of(right).sum() / (double) sampled.size(),
        IntStream.of(right).filter(n -> n > 0).count() / (double) right.length, reward, entropy, elsewhere,
        runs.machine());
  }

  private void write(ReinforcementRun run) {
    List<ReinforcementRun> all = new ArrayList<>(ReinforcementRun.readAll(file()));
    all.removeIf(run::sameAs); // measured before a stop
    all.add(run);
    ReinforcementRun.writeAll(file(), all);
    System.out.println(run);
  }
}
