package org.coldstart.train;

import java.util.ArrayList;
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
 * its margin m = r(chosen) − r(rejected), {@link DpoLossType}. Its gradient is that of −log π with a weight of −dloss/dm
 * for all tokens of the chosen reply, and the opposite for those of the rejected one.
 */
record DpoObjective(CausalLm model, DpoConfig config, List<Row> train, List<Row> eval)
    implements Objective<DpoObjective.Row> {

  /** A pair, and the log-probabilities of its replies under the reference. */
  record Row(PreferencePair pair, double refChosen, double refRejected) {}

  /** Where a pair stands now. */
  private record Judged(PreferencePair pair, double chosen, double rejected, double refChosen, double refRejected,
      DpoConfig config) {

    double chosenReward() {
      return config.beta() * (chosen - refChosen);
    }

    double rejectedReward() {
      return config.beta() * (rejected - refRejected);
    }

    double margin() {
      return (chosen - refChosen) / per(pair.chosen()) - (rejected - refRejected) / per(pair.rejected());
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
    Supplier<DpoObjective> made = () -> {
      CausalLm by = reference == null ? model : reference;
      return new DpoObjective(model, config, rows(by, config, train), rows(by, config, eval));
    };
    boolean withoutAdapter = reference == null && model.adapter().isPresent();
    return withoutAdapter ? model.adapter().get().disabled(made) : made.get();
  }

  private static List<Row> rows(CausalLm reference, DpoConfig config, List<PreferencePair> pairs) {
    LogProbabilities given = LogProbabilities.of(reference, replies(pairs), 1, config.training().precision());
    return IntStream.range(0, pairs.size())
      .mapToObj(i -> new Row(pairs.get(i), given.sum(2 * i), given.sum(2 * i + 1)))
      .toList();
  }

  private static List<Example> replies(List<PreferencePair> pairs) {
    return pairs.stream().flatMap(pair -> Stream.of(pair.chosen(), pair.rejected())).toList();
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
    List<Judged> pairs = new ArrayList<>();
    judge(step, pairs);
    List<List<Example>> microBatches = Batches.cut(pairs, config.training().perDeviceTrainBatchSize())
      .stream()
      .map(batch -> batch.stream().flatMap(Judged::weighed).toList())
      .toList();
    Map<String, Double> metrics = Map.of("rewards/chosen", mean(pairs, Judged::chosenReward), "rewards/rejected",
        mean(pairs, Judged::rejectedReward), "rewards/margins",
        mean(pairs, pair -> pair.chosenReward() - pair.rejectedReward()), "rewards/accuracies",
        mean(pairs, pair -> pair.chosenReward() > pair.rejectedReward() ? 1 : 0), "logps/chosen",
        mean(pairs, Judged::chosen), "logps/rejected", mean(pairs, Judged::rejected));
    return new StepBatch(step.size(), List.of(microBatches), 1.0 / step.size(), 1, mean(pairs, Judged::loss), metrics);
  }

  /** Adds where each pair stands now; returns the sums over their tokens. */
  private LossSums judge(List<Row> rows, List<Judged> into) {
    LogProbabilities now = LogProbabilities.of(model, replies(rows.stream().map(Row::pair).toList()), 1,
        config.training().precision());
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      into.add(new Judged(row.pair(), now.sum(2 * i), now.sum(2 * i + 1), row.refChosen(), row.refRejected(), config));
    }
    return now.sums();
  }

  private static double mean(List<Judged> pairs, ToDoubleFunction<Judged> value) {
    return pairs.stream().mapToDouble(value).average().orElse(Double.NaN);
  }

  @Override
  public boolean evaluates() {
    return !eval.isEmpty();
  }

  @Override
  public Optional<LossSums> evaluate() {
    try {
      List<Judged> pairs = new ArrayList<>();
      LossSums sums = judge(eval, pairs);
      return Optional.of(sums.withMeanLoss(mean(pairs, Judged::loss)));
    } catch (CancellationException e) {
      return Optional.empty();
    }
  }

  @Override
  public Map<String, String> fingerprint() {
    Map<String, String> fingerprint = config.recipe();
    fingerprint.put("training pairs", fingerprint(train));
    fingerprint.put("evaluation pairs", fingerprint(eval));
    return fingerprint;
  }

  /** With the reference's log-probabilities, to the digits that another machine would give, too. */
  private static String fingerprint(List<Row> rows) {
    double reference = rows.stream().mapToDouble(row -> row.refChosen() + row.refRejected()).sum();
    return String.format(Locale.ROOT, "%s, reference %.3e",
        SftObjective.fingerprint(replies(rows.stream().map(Row::pair).toList())), reference);
  }

  @Override
  public String rowNumbers(List<Example> examples) {
    return Objective.named("pair", IntStream.range(0, train.size())
      .filter(i -> examples.stream().anyMatch(it -> it.ids() == train.get(i).pair().chosen().ids()
          || it.ids() == train.get(i).pair().rejected().ids()))
      .map(i -> i + 1)
      .boxed()
      .toList());
  }
}
