package org.coldstart.notebook;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.Arrays;
import java.util.Locale;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.CategoryStyler;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;

/**
 * The look of every chart: nothing behind it, words and lines in greys and colours that show on
 * white and on black.
 */
final class ChartStyle {

  private static final Color CLEAR = new Color(0, 0, 0, 0);
  private static final Color WORDS = new Color(0x7c838c);
  private static final Color GRID = new Color(0x80, 0x88, 0x92, 0x40);
  private static final Color[] SERIES = {
    new Color(0x3b8fe0),
    new Color(0xf28e2b),
    new Color(0x3fa76a),
    new Color(0xb07cc6),
    new Color(0xe15759),
    new Color(0x2fb5b5)
  };
  private static final BasicStroke LINE =
      new BasicStroke(2.2f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
  private static final String FONT = Font.SANS_SERIF;

  private ChartStyle() {}

  static void apply(AxesChartStyler styler) {
    backgrounds(styler);
    fonts(styler);
    axes(styler);
    styler.setSeriesColors(SERIES);
    BasicStroke[] strokes = new BasicStroke[SERIES.length];
    Arrays.fill(strokes, LINE);
    styler.setSeriesLines(strokes);
    styler.setLegendPosition(LegendPosition.OutsideS);
    styler.setLegendLayout(LegendLayout.Horizontal);
    styler.setLegendPadding(6);
    styler.setLocale(Locale.ROOT);
    if (styler instanceof CategoryStyler bars) {
      bars.setLabelsFont(new Font(FONT, Font.PLAIN, 11));
      bars.setLabelsFontColor(WORDS);
      bars.setLabelsFontColorAutomaticEnabled(false);
      bars.setLabelsPosition(1.06);
    }
  }

  private static void backgrounds(AxesChartStyler styler) {
    styler.setChartBackgroundColor(CLEAR);
    styler.setPlotBackgroundColor(CLEAR);
    styler.setLegendBackgroundColor(CLEAR);
    styler.setLegendBorderColor(CLEAR);
    styler.setPlotBorderVisible(false);
    styler.setChartTitleBoxVisible(false);
    styler.setChartPadding(10);
  }

  private static void fonts(AxesChartStyler styler) {
    Font plain = new Font(FONT, Font.PLAIN, 12);
    styler.setChartFontColor(WORDS);
    styler.setChartTitleFont(new Font(FONT, Font.BOLD, 14));
    styler.setAxisTitleFont(plain);
    styler.setAxisTickLabelsFont(plain);
    styler.setLegendFont(plain);
    styler.setAxisTickLabelsColor(WORDS);
    styler.setXAxisTitleColor(WORDS);
    styler.setYAxisTitleColor(WORDS);
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
