package org.coldstart.notebook;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.train.TrainingLog;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.Histogram;
import org.knowm.xchart.XYChart;

/**
 * XChart charts in one look, which reads well in a light and in a dark notebook. A chart that is a
 * cell's last expression is shown. What comes back is XChart's own, to be styled further:
 *
 * <pre>{@code
 * XYChart chart = Charts.lines("Loss", "step", "loss");
 * chart.addSeries("train", steps, losses);
 * }</pre>
 */
public final class Charts {

  /** Logical width in pixels, at which every chart is shown. */
  static final int WIDTH = 720;

  private static final int HEIGHT = 340;

  private Charts() {}

  /** A chart of lines over a numeric x axis; add series with {@code addSeries(name, x, y)}. */
  public static XYChart lines(String title, String xLabel, String yLabel) {
    XYChart chart = new XYChart(WIDTH, HEIGHT);
    chart.setTitle(title);
    chart.setXAxisTitle(xLabel);
    chart.setYAxisTitle(yLabel);
    ChartStyle.apply(chart.getStyler());
    chart.getStyler().setMarkerSize(0);
    return chart;
  }

  /**
   * The training loss of several runs over their steps.
   *
   * @param runs by the names of their lines, which stand in the order of these names
   */
  public static XYChart losses(String title, Map<String, TrainingLog> runs) {
    XYChart chart = lines(title, "step", "loss per token");
    new TreeMap<>(runs)
        .forEach(
            (name, log) -> {
              List<TrainingLog.Entry> rows =
                  log.entries().stream().filter(row -> !Double.isNaN(row.loss())).toList();
              chart.addSeries(
                  name,
                  rows.stream().map(row -> (double) row.step()).toList(),
                  rows.stream().map(TrainingLog.Entry::loss).toList());
            });
    return chart;
  }

  /** One bar for each label. */
  public static CategoryChart bars(
      String title, String yLabel, List<String> labels, double[] values) {
    CategoryChart chart = groupedBars(title, yLabel);
    chart.addSeries(yLabel, labels, boxed(values));
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setLabelsVisible(true);
    // The labels are written as the axis is.
    chart.getStyler().setYAxisTickLabelsFormattingFunction(value -> NumberText.brief(value, 3));
    return chart;
  }

  /**
   * A chart of bars without data yet; each {@code addSeries(name, labels, values)} adds one bar to
   * every label.
   */
  public static CategoryChart groupedBars(String title, String yLabel) {
    CategoryChart chart = new CategoryChart(WIDTH, HEIGHT);
    chart.setTitle(title);
    chart.setYAxisTitle(yLabel);
    ChartStyle.apply(chart.getStyler());
    chart.getStyler().setAvailableSpaceFill(0.7);
    chart.getStyler().setXAxisMaxLabelCount(24); // without it XChart leaves out every other label
    return chart;
  }

  /**
   * How often values fall into each of {@code bins} equal ranges between the smallest and the
   * largest.
   *
   * @throws IllegalArgumentException if there are no values
   */
  public static CategoryChart histogram(String title, String xLabel, int[] values, int bins) {
    return histogram(title, xLabel, Arrays.stream(values).asDoubleStream().toArray(), bins);
  }

  /** As {@link #histogram(String, String, int[], int)}, for fractions. */
  public static CategoryChart histogram(String title, String xLabel, double[] values, int bins) {
    if (values.length == 0) {
      throw new IllegalArgumentException("The histogram \"" + title + "\" has no values");
    }
    Histogram histogram = new Histogram(boxed(values), bins);
    CategoryChart chart = groupedBars(title, "count");
    chart.setXAxisTitle(xLabel);
    double width = (histogram.getMax() - histogram.getMin()) / bins;
    List<Double> centres =
        IntStream.range(0, bins)
            .mapToObj(i -> histogram.getMin() + (i + 0.5) * width)
            .collect(Collectors.toList());
    chart.addSeries("count", centres, histogram.getyAxisData());
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setAvailableSpaceFill(0.96);
    chart.getStyler().setXAxisMaxLabelCount(12);
    chart.getStyler().setXAxisDecimalPattern(width < 0.1 ? "0.00" : width < 2 ? "0.0" : "0");
    return chart;
  }

  private static List<Double> boxed(double[] values) {
    return Arrays.stream(values).boxed().collect(Collectors.toList());
  }
}
