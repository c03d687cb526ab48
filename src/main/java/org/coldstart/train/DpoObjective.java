package org.coldstart.train;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.data.Batches;
import org.coldstart.data.Example;
import org.coldstart.data.PreferencePair;
import org.coldstart.model.CausalLm;
import org.coldstart.model.LossSums;

/**
 * Preferences: with the log-ratio r(y) = log π(y) − log π_ref(y) of a whole reply the loss of a pair is a function of
 * its margin m = r(chosen) − r(rejected), {@link DpoLossType}. Its gradient is that of −log π with a weight of
 * −dloss/dm for all tokens of the chosen reply, and the opposite for those of the rejected one.
 */
record DpoObjective(CausalLm model, DpoConfig config, List<Row> train, List<Row> eval)
    implements Objective<DpoObjective.Row> {

  /** A pair, and the log-probabilities of its replies under the reference. */
  record Row(PreferencePair pair, double refChosen, double refRejected) {}

  /** Where a pair stands: log π of its replies, and their log-ratios. */
  private record Judged(DpoConfig config, PreferencePair pair, double chosen, double rejected, double chosenRatio,
      double rejectedRatio) {

    double margin() {
      return chosenRatio / per(pair.chosen()) - rejectedRatio / per(pair.rejected());
    }

    /** What a reply's log-ratio is divided by. */
    private int per(Example reply) {
      return config.lossType() == DpoLossType.IPO ? reply.keptTokens() : 1;
    }

    double loss() {
      return config.lossType().loss(config.beta(), margin());
    }

    Stream<Example> weighed() {
      double pull = config.lossType().pull(config.beta(), margin());
      return Stream.of(pair.chosen().withWeight(pull / per(pair.chosen())),
          pair.rejected().withWeight(-pull / per(pair.rejected())));
    }
  }

  /** The objective with the log-probabilities of a reference, or of the model itself without its adapter. */
  static DpoObjective of(CausalLm model, CausalLm reference, DpoConfig config, List<PreferencePair> train,
      List<PreferencePair> eval) {
    CausalLm by = reference == null ? model : reference;
    Supplier<DpoObjective> made = () -> new DpoObjective(model, config, rows(by, config, train),
        rows(by, config, eval));
    boolean withoutAdapter = reference == null && model.adapter().isPresent();
    return withoutAdapter ? model.adapter().get().disabled(made) : made.get();
  }

  private static List<Row> rows(CausalLm reference, DpoConfig config, List<PreferencePair> pairs) {
    LogProbabilities given = logProbabilities(reference, config, pairs.stream());
    return IntStream.range(0, pairs.size())
      .mapToObj(i -> new Row(pairs.get(i), given.sum(2 * i), given.sum(2 * i + 1)))
      .toList();
  }

  /** Of chosen and rejected replies in turn. */
  private static LogProbabilities logProbabilities(CausalLm by, DpoConfig config, Stream<PreferencePair> pairs) {
    return LogProbabilities.of(by, replies(pairs), 1, config.training().precision());
  }

  private static List<Example> replies(Stream<PreferencePair> pairs) {
    return pairs.flatMap(pair -> Stream.of(pair.chosen(), pair.rejected())).toList();
  }

  @Override
  public List<List<Row>> steps(int epoch) {
    return Batches.shuffled(train, config.training().rowsPerStep(), config.training().seed() + epoch);
  }

  @Override
  public int rows() {
    return train.size();
  }

  @Override
  public StepBatch weigh(List<Row> step, TrainerState state, Failures failures) {
    LogProbabilities now = logProbabilities(model, config, step.stream().map(Row::pair));
    List<Judged> pairs = IntStream.range(0, step.size()).mapToObj(i -> {
      Row row = step.get(i);
      double chosen = now.sum(2 * i);
      double rejected = now.sum(2 * i + 1);
      return new Judged(config, row.pair(), chosen, rejected, chosen - row.refChosen(), rejected - row.refRejected());
    }).toList();
    List<List<Example>> microBatches = Batches.cut(pairs, config.training().perDeviceTrainBatchSize())
      .stream()
      .map(batch -> batch.stream().flatMap(Judged::weighed).toList())
      .toList();
    double beta = config.beta();
    Map<String, Double> metrics = Map.of("logps/chosen", mean(pairs, Judged::chosen), "logps/rejected",
        mean(pairs, Judged::rejected), "rewards/chosen", mean(pairs, it -> beta * it.chosenRatio()),
        "rewards/rejected", mean(pairs, it -> beta * it.rejectedRatio()), "rewards/margins",
        mean(pairs, it -> beta * (it.chosenRatio() - it.rejectedRatio())), "rewards/accuracies",
        mean(pairs, it -> it.chosenRatio() > it.rejectedRatio() ? 1 : 0));
    return new StepBatch(step.size(), List.of(microBatches), 1.0 / step.size(), 1, mean(pairs, Judged::loss), metrics);
  }

  private static double mean(List<Judged> pairs, ToDoubleFunction<Judged> value) {
    return pairs.stream().mapToDouble(value).average().orElse(Double.NaN);
  }

  @Override
  public boolean evaluates() {
    return !eval.isEmpty();
  }

  /** Of whole pairs: "correct" are those whose chosen reply has the greater reward. */
  @Override
  public Optional<LossSums> evaluate() {
    try {
      StepBatch all = weigh(eval, null, null);
      int n = eval.size();
      long correct = Math.round(n * all.metrics().get("rewards/accuracies"));
      return Optional.of(new LossSums(n * all.loss(), n, correct, Double.NaN));
    } catch (CancellationException e) {
      return Optional.empty();
    }
  }

  @Override
  public Map<String, String> fingerprint() {
    Map<String, String> fingerprint = config.training().recipe(config);
    fingerprint.put("training pairs", fingerprint(train));
    fingerprint.put("evaluation pairs", fingerprint(eval));
    return fingerprint;
  }

  /** With the reference's log-probabilities, to the digits that another machine would give, too. */
  private static String fingerprint(List<Row> rows) {
    double reference = rows.stream().mapToDouble(row -> row.refChosen() + row.refRejected()).sum();
    return String.format(Locale.ROOT, "%s, reference %.3e",
        SftObjective.fingerprint(replies(rows.stream().map(Row::pair))), reference);
  }

  @Override
  public String rowNumbers(List<Example> examples) {
    List<int[]> ids = examples.stream().map(Example::ids).toList();
    return Objective.named("pair", IntStream.rangeClosed(1, train.size())
      .filter(i -> replies(Stream.of(train.get(i - 1).pair())).stream().map(Example::ids).anyMatch(ids::contains))
      .boxed()
      .toList());
  }
}
