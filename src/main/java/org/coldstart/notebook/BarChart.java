package org.coldstart.notebook;

import java.awt.Graphics2D;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.style.CategoryStyler;

/** Bars from 0 up to a tick that no bar rises above. */
class BarChart extends CategoryChart {

  BarChart(int width, int height) {
    super(width, height);
  }

  @Override
  public void paint(Graphics2D graphics, int width, int height) {
    CategoryStyler styler = getStyler();
    Double[] bounds = {styler.getYAxisMin(), styler.getYAxisMax()};
    double[] y = RoundAxis.range(getSeriesCollection(), CategorySeries::getYData);
    if (Math.min(0, y[0]) < Math.max(0, y[1]) && !styler.isYAxisLogarithmic()) {
      RoundAxis.of(Math.min(0, y[0]), Math.max(0, y[1]), 6).setY(styler, 0.68 * height);
    }
    try {
      super.paint(graphics, width, height);
    } finally {
      styler.setYAxisMin(bounds[0]);
      styler.setYAxisMax(bounds[1]);
    }
  }
}
