package org.coldstart.notebook;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.font.TextLayout;
import java.awt.geom.Line2D;
import java.util.ArrayList;
import java.util.List;
import org.coldstart.evaluate.Proportion;
import org.knowm.xchart.internal.chartpart.Annotation;

/**
 * Bars of shares between 0 and 100 %, each with its figure and with a whisker over its 95 % interval, which for few
 * replies is long, and near 0 and 100 % lopsided. One {@code add} for each colour, in the order to be drawn:
 *
 * <pre>{@code
 * ShareChart chart = Charts.shares("Held-out replies", List.of("well-formed", "exact"));
 * chart.add("before", before.wellFormed(), before.exact());
 * chart.add("after", after.wellFormed(), after.exact());
 * }</pre>
 */
public final class ShareChart extends BarChart {

  private static final Color INSIDE = new Color(0, 0, 0, 0xa0);

  private record Interval(double value, double low, double high) {}

  private final List<String> labels;
  private final List<List<Interval>> bars = new ArrayList<>();

  ShareChart(int width, int height, List<String> labels) {
    super(width, height);
    this.labels = List.copyOf(labels);
    addAnnotation(new Whiskers());
  }

  /** One bar for each label. */
  public ShareChart add(String name, Proportion... shares) {
    return add(name, List.of(shares));
  }

  /** The same from a list. */
  public ShareChart add(String name, List<Proportion> shares) {
    return add(name, shares.stream().map(Proportion::value).toList(), shares.stream().map(Proportion::low).toList(),
        shares.stream().map(Proportion::high).toList());
  }

  /** Shares with other intervals, such as the range over several runs. */
  ShareChart add(String name, List<Double> shares, List<Double> low, List<Double> high) {
    addSeries(name, labels, shares);
    List<Interval> intervals = new ArrayList<>();
    for (int i = 0; i < shares.size(); i++) {
      intervals.add(new Interval(shares.get(i), low.get(i), high.get(i)));
    }
    bars.add(intervals);
    getStyler().setLegendVisible(bars.size() > 1);
    return this;
  }

  /** XChart's own error bars reach as far up as down; these intervals do not. */
  private final class Whiskers extends Annotation {

    Whiskers() {
      super(false);
    }

    @Override
    public void paint(Graphics2D graphics) {
      double width = getXAxisScreenValueForMax() - getXAxisScreenValueForMin();
      double group = getStyler().getPlotContentSize() * width / labels.size();
      double bar = getStyler().getAvailableSpaceFill() * group / bars.size();
      double left = getXAxisScreenValueForMin() + (width - group * labels.size()) / 2 + (group - bar * bars.size()) / 2;
      graphics.setStroke(new BasicStroke(1.4f));
      for (int series = 0; series < bars.size(); series++) {
        for (int i = 0; i < bars.get(series).size(); i++) {
          whisker(graphics, bars.get(series).get(i), left + group * i + bar * (series + 0.5), bar);
        }
      }
    }

    private void whisker(Graphics2D graphics, Interval share, double x, double bar) {
      int low = getYAxisScreenValue(share.low());
      int high = getYAxisScreenValue(share.high());
      double half = Math.min(4, bar / 4);
      if (low > high) {
        int top = getYAxisScreenValue(share.value());
        graphics.setColor(INSIDE);
        graphics.draw(new Line2D.Double(x, low, x, top));
        graphics.draw(new Line2D.Double(x - half, low, x + half, low));
        graphics.setColor(Charts.LABELS);
        graphics.draw(new Line2D.Double(x, top, x, high));
        graphics.draw(new Line2D.Double(x - half, high, x + half, high));
      }
      Font font = Charts.SMALL;
      String text = Math.round(100 * share.value()) + (bar < 34 ? "" : " %");
      double textWidth = new TextLayout(text, font, graphics.getFontRenderContext()).getBounds().getWidth();
      graphics.setColor(Charts.LABELS);
      graphics.setFont(font);
      graphics.drawString(text, (float) (x - textWidth / 2), high - 4f);
    }
  }
}
