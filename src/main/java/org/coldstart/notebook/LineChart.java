package org.coldstart.notebook;

import java.awt.Graphics2D;
import java.util.List;
import java.util.stream.DoubleStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;

/** Lines between axes with round ticks, found anew from what the series hold whenever it is drawn. */
final class LineChart extends XYChart {

  private static final String BESIDE = "\u200b";

  LineChart(int width, int height) {
    super(width, height);
  }

  @Override
  public void paint(Graphics2D graphics, int width, int height) {
    XYStyler styler = getStyler();
    Double[] bounds = {styler.getXAxisMin(), styler.getXAxisMax(), styler.getYAxisMin(), styler.getYAxisMax()};
    double[] x = RoundAxis.range(getSeriesCollection(), XYSeries::getXData);
    double[] y = RoundAxis.range(getSeriesCollection(), XYSeries::getYData);
    if (x[0] < x[1] && !styler.isXAxisLogarithmic()) {
      RoundAxis.of(x[0], x[1], 8).setX(styler, 0.85 * width, x[1]);
    }
    if (styler.isYAxisLogarithmic()) {
      double least = DoubleStream.of(RoundAxis.values(getSeriesCollection(), XYSeries::getYData))
        .filter(value -> value > 0).min().orElse(1);
      styler.setYAxisMin(Math.pow(10, Math.floor(Math.log10(least)))); // a value of 0 lies below every tick
    } else if (y[0] < y[1]) {
      RoundAxis.of(y[0], y[1], 6).setY(styler, 0.68 * height);
      // Evenly spaced heights, such as those of a learning rate, would become the ticks; a gap among them does not.
      addSeries(BESIDE, List.of(x[0]), List.of(Double.NaN)).setShowInLegend(false);
    }
    try {
      super.paint(graphics, width, height);
    } finally {
      removeSeries(BESIDE);
      styler.setXAxisMin(bounds[0]);
      styler.setXAxisMax(bounds[1]);
      styler.setYAxisMin(bounds[2]);
      styler.setYAxisMax(bounds[3]);
    }
  }
}
