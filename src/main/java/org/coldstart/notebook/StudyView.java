package org.coldstart.notebook;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.coldstart.study.RecipeRun;
import org.coldstart.study.StudyRun;
import org.knowm.xchart.XYChart;
import tech.tablesaw.api.Table;

/** Tables and charts of the studies: of initializations, and of long runs of a recipe. */
public final class StudyView {

  private static final List<String> COLUMNS = List.of("rows begin as", "well-formed, greedy", "at T = 0.7", "at T = 1",
      "exact", "P at own place", "apart before", "apart after", "held-out loss");

  private StudyView() {}

  /** One line for each run. */
  public static Table runs(String title, List<StudyRun> runs) {
    return table(title, runs.stream().map(List::of).toList());
  }

  /** One line for each initialization: the mean over its runs, lowest and highest in brackets. */
  public static Table means(String title, List<StudyRun> runs) {
    return table(title, byInitialization(runs).values());
  }

  private static Table table(String title, Collection<List<StudyRun>> groups) {
    List<List<String>> rows = new ArrayList<>();
    for (List<StudyRun> group : groups) {
      rows.add(List.of(group.get(0).initialization(), percent(group, StudyRun::wellFormedGreedy),
          percent(group, StudyRun::wellFormedT07), percent(group, StudyRun::wellFormedT10),
          percent(group, StudyRun::exact), range(group, StudyRun::ownPlace, 1, "%.3f"),
          range(group, StudyRun::distanceBefore, 1, "%.2f"), range(group, StudyRun::distanceAfter, 1, "%.2f"),
          range(group, StudyView::lastLoss, 1, "%.3f")));
    }
    return Show.table(title, COLUMNS, rows);
  }

  private static String percent(List<StudyRun> runs, ToDoubleFunction<StudyRun> value) {
    return range(runs, value, 100, "%.0f") + " %";
  }

  private static String range(List<StudyRun> runs, ToDoubleFunction<StudyRun> value, double scale, String format) {
    double[] values = runs.stream().mapToDouble(value).map(x -> scale * x).sorted().toArray();
    String mean = String.format(Locale.ROOT, format, mean(runs, value) * scale);
    String low = String.format(Locale.ROOT, format, values[0]);
    String high = String.format(Locale.ROOT, format, values[values.length - 1]);
    return low.equals(high) ? mean : mean + " (" + low + "–" + high + ")";
  }

  /** Well-formed shares by initialization and temperature: means over the runs, from the lowest to the highest. */
  public static ShareChart wellFormed(String title, List<StudyRun> runs) {
    ShareChart chart = Charts.shares(title, List.copyOf(byInitialization(runs).keySet()));
    add(chart, "greedy", runs, StudyRun::wellFormedGreedy);
    add(chart, "sampled, T = 0.7", runs, StudyRun::wellFormedT07);
    add(chart, "sampled, T = 1", runs, StudyRun::wellFormedT10);
    return chart;
  }

  private static void add(ShareChart chart, String name, List<StudyRun> runs, ToDoubleFunction<StudyRun> value) {
    List<DoubleSummaryStatistics> groups = byInitialization(runs).values().stream()
      .map(group -> group.stream().mapToDouble(value).summaryStatistics()).toList();
    chart.add(name, groups.stream().map(DoubleSummaryStatistics::getAverage).toList(),
        groups.stream().map(DoubleSummaryStatistics::getMin).toList(),
        groups.stream().map(DoubleSummaryStatistics::getMax).toList());
  }

  /** Held-out loss over the steps, one line for each initialization, means over the runs. */
  public static XYChart losses(String title, List<StudyRun> runs) {
    XYChart chart = Charts.lines(title, "step", "loss per token");
    byInitialization(runs).forEach((name, group) -> {
      List<StudyRun.Point> points = group.get(0).losses();
      double[] steps = points.stream().mapToDouble(StudyRun.Point::step).toArray();
      double[] losses = new double[steps.length];
      Arrays.setAll(losses, i -> mean(group, run -> run.losses().get(i).loss()));
      chart.addSeries(name, steps, losses);
    });
    return chart;
  }

  /** Long runs, a line each: what they took, and how the held-out questions were answered. */
  public static Table recipes(String title, List<RecipeRun> runs) {
    List<RecipeRun> overall = runs.stream().filter(RecipeRun::overall).toList();
    boolean judged = overall.stream().anyMatch(run -> run.replyCounts().wellFormed() >= 0);
    List<String> columns = new ArrayList<>(List.of("recipe", "rows × epochs", "held-out loss"));
    columns
      .addAll(judged ? List.of("well-formed", "exact", "and reasoning holds") : List.of("ended", "tokens a reply"));
    return Show.table(title, columns, overall.stream().map(run -> {
      List<String> row = new ArrayList<>(List.of(run.recipe(), run.rows() + " × " + run.epochs(),
          String.format(Locale.ROOT, "%.3f", run.lossAfter())));
      row.addAll(judged ? List.of("" + run.wellFormed(), "" + run.exact(), "" + run.reasoningHolds())
          : List.of("" + run.ended(), String.format(Locale.ROOT, "%.1f", run.tokensAReply())));
      return row;
    }).toList());
  }

  /** Shares of long runs over their numbers of rows, with 95 % intervals. */
  public static ShareChart overRows(String title, List<RecipeRun> runs) {
    List<RecipeRun> overall = runs.stream().filter(RecipeRun::overall).toList();
    return Charts.shares(title, overall.stream().map(run -> run.rows() + " rows").toList())
      .add("well-formed", overall.stream().map(RecipeRun::wellFormed).toList())
      .add("exact", overall.stream().map(RecipeRun::exact).toList())
      .add("and reasoning holds", overall.stream().map(RecipeRun::reasoningHolds).toList());
  }

  /** Exact answers of long runs by kind of problem, a column for each run; the kinds best answered last come first. */
  public static Table kinds(String title, List<RecipeRun> runs) {
    Map<String, List<RecipeRun>> byKind = runs.stream()
      .filter(run -> !run.overall())
      .collect(Collectors.groupingBy(RecipeRun::kind, LinkedHashMap::new, Collectors.toList()));
    List<String> columns = new ArrayList<>(List.of("kind"));
    runs.stream().filter(RecipeRun::overall).forEach(run -> columns.add(run.recipe() + ", " + run.rows()));
    return Show.table(title, columns, byKind.entrySet().stream().sorted(Comparator.comparing(kind -> {
      List<RecipeRun> of = kind.getValue();
      return -of.get(of.size() - 1).exact().value();
    })).map(kind -> {
      List<String> row = new ArrayList<>(List.of(kind.getKey()));
      kind.getValue().forEach(run -> row.add(run.replyCounts().exact() + " of " + run.questions()));
      return row;
    }).toList());
  }

  private static Map<String, List<StudyRun>> byInitialization(List<StudyRun> runs) {
    return runs.stream()
      .collect(Collectors.groupingBy(StudyRun::initialization, LinkedHashMap::new, Collectors.toList()));
  }

  private static double mean(List<StudyRun> runs, ToDoubleFunction<StudyRun> value) {
    return runs.stream().mapToDouble(value).average().orElse(Double.NaN);
  }

  private static double lastLoss(StudyRun run) {
    return run.losses().get(run.losses().size() - 1).loss();
  }
}
