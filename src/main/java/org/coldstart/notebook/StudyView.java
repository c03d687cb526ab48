package org.coldstart.notebook;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.coldstart.study.StudyRun;
import org.knowm.xchart.XYChart;
import tech.tablesaw.api.Table;

/** Tables and charts of a study of initializations. */
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
