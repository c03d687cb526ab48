package org.coldstart.study;

import java.util.List;
import java.util.function.Function;
import org.coldstart.data.DataSet;
import org.coldstart.data.Example;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.data.ThinkAnswer;
import org.coldstart.evaluate.ReplyReport;
import org.coldstart.evaluate.TeacherForcedProbability;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.model.TokenEmbeddings;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;
import org.coldstart.train.TrainingListener;
import org.coldstart.train.TrainingResult;

/**
 * The experiment that the article leaves out: what the first values of a new token's embedding row are worth. A run
 * trains the same model on the same rows from one initialization and measures the result; {@code environment/study}
 * repeats that over initializations and seeds.
 *
 * @param model name or path of the model that every run starts from
 * @param train rows to learn from
 * @param test rows whose questions and operands are not in {@code train}
 * @param budget what a run may spend
 */
public record InitializationStudy(String model, DataSet train, DataSet test, StudyBudget budget) {

  private static final String[] TOKENS = ThinkAnswer.TOKENS.toArray(String[]::new);

  /** A run from a fresh copy of the model; {@code listeners} watch its training. */
  public StudyRun run(Initialization initialization, long seed, TrainingListener... listeners) {
    long start = System.nanoTime();
    try (CausalLm lm = CausalLm.fromPretrained(model); Tokenizer tokenizer = Tokenizer.fromPretrained(model)) {
      tokenizer.addTokens(TOKENS);
      lm.resizeTokenEmbeddings(tokenizer);
      TokenEmbeddings embeddings = lm.embeddings(tokenizer);
      embeddings.initialize(initialization.init().apply(seed), TOKENS);
      double distanceBefore = meanDistance(embeddings);
      TrainingResult training = train(lm, tokenizer, seed, listeners);
      DataSet prompts = test.select(0, budget.prompts());
      Generator generator = new Generator(lm, tokenizer);
      Function<Sampling, ReplyReport> report = s -> ReplyReport.of(generator, prompts, s, budget.maxNewTokens());
      ReplyReport greedy = report.apply(Sampling.greedy());
      return new StudyRun(initialization.name(), seed, training.steps(), greedy.wellFormed().value(),
          report.apply(Sampling.temperature(0.7, seed)).wellFormed().value(),
          report.apply(Sampling.temperature(1, seed)).wellFormed().value(), greedy.exact().value(),
          meanProbability(lm, tokenizer, prompts), distanceBefore, meanDistance(lm.embeddings(tokenizer)),
          (System.nanoTime() - start) / 1e9, losses(training));
    }
  }

  private TrainingResult train(CausalLm lm, Tokenizer tokenizer, long seed, TrainingListener... listeners) {
    SftConfig config = SftConfig.builder()
      .learningRate(budget.learningRate())
      .warmupRatio(0.1)
      .numTrainEpochs(1)
      .perDeviceTrainBatchSize(budget.rowsPerStep())
      .evalSteps((budget.steps() + 3) / 4)
      .loggingSteps(budget.steps())
      .precision(budget.precision())
      .groupByLength(true)
      .seed(seed)
      .build();
    DataSet rows = train.shuffle(seed).select(0, budget.steps() * budget.rowsPerStep());
    DataSet heldOut = test.select(0, budget.evalRows());
    return new SftTrainer(lm, tokenizer, config, examples(tokenizer, rows), examples(tokenizer, heldOut))
      .train(listeners);
  }

  private static List<Example> examples(Tokenizer tokenizer, DataSet rows) {
    return new ExampleBuilder(tokenizer).build(rows, ThinkAnswer::promptCompletion, 1024).examples();
  }

  /** Of the four tokens, each at its own positions in the right replies. */
  private static double meanProbability(CausalLm lm, Tokenizer tokenizer, DataSet prompts) {
    return TeacherForcedProbability.probabilities(lm, tokenizer, examples(tokenizer, prompts), ThinkAnswer.TOKENS, 16)
      .values()
      .stream()
      .mapToDouble(Double::doubleValue)
      .average()
      .getAsDouble();
  }

  private static List<StudyRun.Point> losses(TrainingResult training) {
    return training.log()
      .entries()
      .stream()
      .filter(entry -> !Double.isNaN(entry.evalLoss()))
      .map(entry -> new StudyRun.Point(entry.step(), entry.evalLoss()))
      .toList();
  }

  private static double meanDistance(TokenEmbeddings embeddings) {
    double sum = 0;
    int pairs = 0;
    for (int i = 0; i < TOKENS.length; i++) {
      for (int j = i + 1; j < TOKENS.length; j++) {
        sum += embeddings.distance(TOKENS[i], TOKENS[j]);
        pairs++;
      }
    }
    return sum / pairs;
  }
}
