package org.coldstart.notebook;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.IntSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.coldstart.generate.Sampling;
import org.coldstart.generate.TokenDistribution.Candidate;
import org.coldstart.generate.TokenDistribution;
import org.coldstart.train.TrainingLog;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.CategoryStyler;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;

/**
 * XChart charts in one look, which reads well in a light and in a dark notebook. A chart that is a cell's last
 * expression is shown. What comes back is XChart's own, to be styled further:
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

  private static final Color CLEAR = new Color(0, 0, 0, 0);
  static final Color LABELS = new Color(0x7c838c);
  private static final Color GRID = new Color(0x80, 0x88, 0x92, 0x40);
  private static final Color[] SERIES = IntStream.of(0x3b8fe0, 0xf28e2b, 0x3fa76a, 0xb07cc6, 0xe15759, 0x2fb5b5)
    .mapToObj(Color::new)
    .toArray(Color[]::new);
  private static final BasicStroke LINE = new BasicStroke(2.2f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
  private static final String FONT = Font.SANS_SERIF;
  static final Font SMALL = new Font(FONT, Font.PLAIN, 11);

  private Charts() {}

  /**
   * A chart of lines over a numeric x axis; add series with {@code addSeries(name, x, y)}. Ticks are round numbers, one
   * of them at or below the lowest value. {@code getStyler().setYAxisLogarithmic(true)} shows what is small as well.
   */
  public static XYChart lines(String title, String xLabel, String yLabel) {
    XYChart chart = new LineChart(WIDTH, HEIGHT);
    chart.setTitle(title);
    chart.setXAxisTitle(xLabel);
    chart.setYAxisTitle(yLabel);
    style(chart.getStyler());
    chart.getStyler().setMarkerSize(0);
    chart.getStyler().setXAxisTickLabelsFormattingFunction(NumberText::brief);
    return chart;
  }

  /**
   * The training loss of several runs over their steps.
   *
   * @param runs by the names of their lines, drawn in the map's order
   */
  public static XYChart losses(String title, Map<String, TrainingLog> runs) {
    XYChart chart = lines(title, "step", "loss per token");
    runs.forEach((name, log) -> {
      List<TrainingLog.Entry> rows = log.entries().stream().filter(row -> !Double.isNaN(row.loss())).toList();
      chart.addSeries(name, rows.stream().map(row -> (double) row.step()).toList(),
          rows.stream().map(TrainingLog.Entry::loss).toList());
    });
    return chart;
  }

  /** One bar for each label. */
  public static CategoryChart bars(String title, String yLabel, List<String> labels, double[] values) {
    CategoryChart chart = groupedBars(title, yLabel);
    chart.addSeries(yLabel, labels, Arrays.stream(values).boxed().toList());
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setLabelsVisible(true);
    // The labels are written as the axis is.
    chart.getStyler().setYAxisTickLabelsFormattingFunction(value -> NumberText.brief(value, 3));
    return chart;
  }

  /** A chart of bars without data yet; each {@code addSeries(name, labels, values)} adds one bar to every label. */
  public static CategoryChart groupedBars(String title, String yLabel) {
    return styled(new BarChart(WIDTH, HEIGHT), title, yLabel);
  }

  /** Bars of shares with their intervals, on an axis from 0 to 100 %; add them with {@code add(name, shares)}. */
  public static ShareChart shares(String title, List<String> labels) {
    ShareChart chart = styled(new ShareChart(WIDTH, HEIGHT, labels), title, "");
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setYAxisMax(1.0);
    chart.getStyler().setChartTitlePadding(14); // room for the figure above a bar of 100 %
    chart.getStyler().setYAxisTickLabelsFormattingFunction(share -> Math.round(100 * share) + " %");
    return chart;
  }

  private static <C extends CategoryChart> C styled(C chart, String title, String yLabel) {
    chart.setTitle(title);
    chart.setYAxisTitle(yLabel);
    style(chart.getStyler());
    chart.getStyler().setAvailableSpaceFill(0.7);
    chart.getStyler().setXAxisMaxLabelCount(24); // without it XChart leaves out every other label
    return chart;
  }

  /**
   * How often whole numbers fall into each of at most {@code bins} equal ranges, whose width is a whole number too:
   * others would hold now more, now fewer of the numbers.
   *
   * @throws IllegalArgumentException if there are no values
   */
  public static CategoryChart histogram(String title, String xLabel, int[] values, int bins) {
    if (values.length == 0) {
      throw new IllegalArgumentException("The histogram \"" + title + "\" has no values");
    }
    IntSummaryStatistics range = IntStream.of(values).summaryStatistics();
    int least = range.getMin();
    int width = (range.getMax() - least) / bins + 1;
    double[] counts = new double[(range.getMax() - least) / width + 1];
    IntStream.of(values).forEach(value -> counts[(value - least) / width]++);
    CategoryChart chart = groupedBars(title, "count");
    chart.setXAxisTitle(xLabel);
    chart.addSeries("count",
        IntStream.range(0, counts.length).mapToDouble(i -> least + i * width + (width - 1) / 2.0).toArray(), counts);
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setAvailableSpaceFill(0.96);
    chart.getStyler().setXAxisMaxLabelCount(0); // as many as there is room for, each below its bar
    chart.getStyler().setXAxisTickMarkSpacingHint(45);
    chart.getStyler().setXAxisDecimalPattern(width % 2 == 0 && width < 10 ? "0.0" : "0");
    return chart;
  }

  /**
   * What each sampling makes of one distribution: a group of bars for each of the n tokens that are likeliest over all
   * of them.
   *
   * @param settings by the names of their bars, in the order to be drawn
   * @param next the distribution after a setting's steps, such as {@code s ->
   *     generator.nextTokenProbabilities(prompt, written, s)}
   */
  public static CategoryChart nextTokens(String title, Map<String, Sampling> settings,
      Function<Sampling, TokenDistribution> next, int n) {
    Map<String, TokenDistribution> distributions = new LinkedHashMap<>();
    settings.forEach((name, sampling) -> distributions.put(name, next.apply(sampling)));
    List<Candidate> tokens = likeliest(distributions, n);
    Map<String, Integer> labels = labels(tokens);
    CategoryChart chart = groupedBars(title, "probability");
    distributions.forEach((name, tokensNext) -> chart.addSeries(name, List.copyOf(labels.keySet()),
        labels.values().stream().map(tokensNext::probability).toList()));
    return chart;
  }

  private static List<Candidate> likeliest(Map<String, TokenDistribution> distributions, int n) {
    Collection<TokenDistribution> all = distributions.values();
    Map<Integer, Candidate> candidates = new LinkedHashMap<>();
    all.forEach(next -> next.top(n).forEach(token -> candidates.putIfAbsent(token.id(), token)));
    ToDoubleFunction<Candidate> sum = token -> all.stream().mapToDouble(next -> next.probability(token.id())).sum();
    return candidates.values().stream().sorted(Comparator.comparingDouble(sum).reversed()).limit(n).toList();
  }

  /** Ids by label; half characters look alike, so a label that is taken gets its id. */
  private static Map<String, Integer> labels(List<Candidate> tokens) {
    Map<String, Integer> labels = new LinkedHashMap<>();
    for (Candidate token : tokens) {
      String shown = token.token().replace("\n", "\\n").replace(' ', '\u00b7');
      labels.put(labels.containsKey(shown) ? shown + " #" + token.id() : shown, token.id());
    }
    return labels;
  }

  /** Nothing behind the chart, and greys and colours that show on white and on black. */
  private static void style(AxesChartStyler styler) {
    fonts(styler);
    axes(styler);
    styler.setChartBackgroundColor(CLEAR);
    styler.setPlotBackgroundColor(CLEAR);
    styler.setLegendBackgroundColor(CLEAR);
    styler.setLegendBorderColor(CLEAR);
    styler.setPlotBorderVisible(false);
    styler.setChartTitleBoxVisible(false);
    styler.setChartPadding(10);
    styler.setSeriesColors(SERIES);
    styler.setSeriesLines(Collections.nCopies(SERIES.length, LINE).toArray(BasicStroke[]::new));
    styler.setLegendPosition(LegendPosition.OutsideS);
    styler.setLegendLayout(LegendLayout.Horizontal);
    styler.setLegendPadding(6);
    styler.setLocale(Locale.ROOT);
    if (styler instanceof CategoryStyler bars) {
      bars.setLabelsFont(SMALL);
      bars.setLabelsFontColor(LABELS);
      bars.setLabelsFontColorAutomaticEnabled(false);
      bars.setLabelsPosition(1.06);
    }
  }

  private static void fonts(AxesChartStyler styler) {
    Font plain = new Font(FONT, Font.PLAIN, 12);
    styler.setChartFontColor(LABELS);
    styler.setChartTitleFont(new Font(FONT, Font.BOLD, 14));
    styler.setAxisTitleFont(plain);
    styler.setAxisTickLabelsFont(plain);
    styler.setLegendFont(plain);
    styler.setAxisTickLabelsColor(LABELS);
    styler.setXAxisTitleColor(LABELS);
    styler.setYAxisTitleColor(LABELS);
  }

  private static void axes(AxesChartStyler styler) {
    styler.setPlotGridLinesColor(GRID);
    styler.setPlotGridLinesStroke(new BasicStroke(1f));
    styler.setPlotGridVerticalLinesVisible(false);
    styler.setAxisTicksMarksVisible(false);
    styler.setAxisTicksLineVisible(false);
    styler.setAxisTickPadding(6);
    styler.setYAxisTickMarkSpacingHint(45);
    styler.setXAxisTickMarkSpacingHint(90);
    styler.setYAxisTickLabelsFormattingFunction(NumberText::brief);
    styler.setPlotMargin(4);
    styler.setPlotContentSize(0.96);
  }
}
