package org.coldstart.notebook;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.coldstart.study.StudyRun;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.XYChart;
import tech.tablesaw.api.Table;

/** Tables and charts of a study of initializations. */
public final class StudyView {

  private static final List<String> COLUMNS =
      List.of(
          "rows begin as",
          "well-formed, greedy",
          "at T = 0.7",
          "at T = 1",
          "exact",
          "P at own place",
          "apart before",
          "apart after",
          "held-out loss");

  private StudyView() {}

  /** One line for each run. */
  public static Table runs(String title, List<StudyRun> runs) {
    return table(title, runs.stream().map(List::of).toList());
  }

  /** One line for each way of beginning: the mean over its runs, lowest and highest in brackets. */
  public static Table means(String title, List<StudyRun> runs) {
    return table(title, ways(runs).stream().map(way -> of(runs, way)).toList());
  }

  private static Table table(String title, List<List<StudyRun>> groups) {
    List<List<String>> rows = new ArrayList<>();
    for (List<StudyRun> group : groups) {
      rows.add(
          List.of(
              group.get(0).initialization(),
              percent(group, StudyRun::wellFormedGreedy),
              percent(group, StudyRun::wellFormedT07),
              percent(group, StudyRun::wellFormedT10),
              percent(group, StudyRun::exact),
              range(group, StudyRun::ownPlace, 1, "%.3f"),
              range(group, StudyRun::distanceBefore, 1, "%.2f"),
              range(group, StudyRun::distanceAfter, 1, "%.2f"),
              range(group, StudyView::lastLoss, 1, "%.3f")));
    }
    return Show.table(title, COLUMNS, rows);
  }

  private static String percent(List<StudyRun> runs, ToDoubleFunction<StudyRun> value) {
    return range(runs, value, 100, "%.0f") + " %";
  }

  private static String range(
      List<StudyRun> runs, ToDoubleFunction<StudyRun> value, double scale, String format) {
    double[] values = runs.stream().mapToDouble(value).map(x -> scale * x).sorted().toArray();
    String mean = String.format(Locale.ROOT, format, mean(runs, value) * scale);
    String low = String.format(Locale.ROOT, format, values[0]);
    String high = String.format(Locale.ROOT, format, values[values.length - 1]);
    return low.equals(high) ? mean : mean + " (" + low + "–" + high + ")";
  }

  /** Well-formed shares by way of beginning and by how replies are drawn, means over the runs. */
  public static CategoryChart wellFormed(String title, List<StudyRun> runs) {
    CategoryChart chart = Charts.groupedBars(title, "share of replies");
    List<String> ways = ways(runs);
    chart.addSeries("greedy", ways, means(runs, ways, StudyRun::wellFormedGreedy));
    chart.addSeries("sampled, T = 0.7", ways, means(runs, ways, StudyRun::wellFormedT07));
    chart.addSeries("sampled, T = 1", ways, means(runs, ways, StudyRun::wellFormedT10));
    return chart;
  }

  /** Held-out loss along the way, one line for each way of beginning, means over the runs. */
  public static XYChart losses(String title, List<StudyRun> runs) {
    XYChart chart = Charts.lines(title, "step", "loss per token");
    for (String way : ways(runs)) {
      List<StudyRun> group = of(runs, way);
      List<Double> steps =
          group.get(0).losses().stream().map(point -> (double) point.step()).toList();
      List<Double> losses = new ArrayList<>();
      for (int i = 0; i < steps.size(); i++) {
        int point = i;
        losses.add(mean(group, run -> run.losses().get(point).loss()));
      }
      chart.addSeries(way, steps, losses);
    }
    return chart;
  }

  private static List<String> ways(List<StudyRun> runs) {
    return runs.stream().map(StudyRun::initialization).distinct().toList();
  }

  private static List<StudyRun> of(List<StudyRun> runs, String way) {
    return runs.stream().filter(run -> run.initialization().equals(way)).toList();
  }

  private static List<Double> means(
      List<StudyRun> runs, List<String> ways, ToDoubleFunction<StudyRun> value) {
    return ways.stream().map(way -> mean(of(runs, way), value)).collect(Collectors.toList());
  }

  private static double mean(List<StudyRun> runs, ToDoubleFunction<StudyRun> value) {
    return runs.stream().mapToDouble(value).average().orElse(Double.NaN);
  }

  private static double lastLoss(StudyRun run) {
    return run.losses().get(run.losses().size() - 1).loss();
  }
}
