package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.coldstart.evaluate.Proportion;
import org.coldstart.train.TrainingLog;
import org.junit.jupiter.api.Test;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;

class ChartsTest {

  private static final int BLUE = 0xff3b8fe0;

  @Test
  void ticksAreRoundAndEncloseTheData() {
    assertEquals(new RoundAxis(0, 30, 5), RoundAxis.of(1, 30, 8));
    assertEquals(new RoundAxis(0, 10_000, 2000), RoundAxis.of(192, 9000, 8));
    assertEquals(new RoundAxis(0, 3.5, 0.5), RoundAxis.of(0.43, 3.05, 7));
    assertEquals(new RoundAxis(-1, 1, 0.5), RoundAxis.of(-1, 1, 6));
    RoundAxis small = RoundAxis.of(0, 3e-4, 6);
    assertEquals(5e-5, small.step(), 1e-12);
    assertEquals(3e-4, small.to(), 1e-12);
  }

  @Test
  void drawingLeavesTheChartAsItWas() throws IOException {
    XYChart chart = Charts.lines("Loss", "step", "loss");
    chart.addSeries("a", List.of(1, 2, 3), List.of(3.0, 0.0, 1.0));
    draw(chart);
    chart.getStyler().setYAxisLogarithmic(true); // the 0 is left out instead of refused
    draw(chart);

    assertEquals(List.of("a"), chart.getSeriesCollection().stream().map(XYSeries::getName).toList());
    assertNull(chart.getStyler().getYAxisMin());
    assertNull(chart.getStyler().getXAxisMax());
  }

  @Test
  void lossesKeepTheOrderOfTheirMap() {
    Map<String, TrainingLog> runs = new LinkedHashMap<>();
    runs.put("pretraining", log());
    runs.put("fine-tuning", log());

    assertEquals(List.of("pretraining", "fine-tuning"),
        Charts.losses("Loss", runs).getSeriesCollection().stream().map(XYSeries::getName).toList());
  }

  private static TrainingLog log() {
    double nan = Double.NaN;
    return new TrainingLog(List.of(new TrainingLog.Entry(1, 1, 2.5, nan, 1e-4, 1, 1, nan, nan, nan, 1, nan, nan,
        Map.of())));
  }

  @Test
  void aWhiskerReachesFromTheIntervalsLowerToItsUpperEnd() throws IOException {
    Proportion share = new Proportion(2, 8); // 25 % (7–59 %)
    BufferedImage image = draw(Charts.shares("One", List.of("right")).add("share", share));
    int blueX = IntStream.range(0, image.getWidth()).filter(x -> top(image, x, BLUE) > 0).findFirst().orElseThrow();
    int zero = IntStream.range(0, image.getHeight()).filter(y -> image.getRGB(blueX, y) == BLUE).max().orElseThrow();
    double height = (zero - top(image, blueX, BLUE)) / share.value(); // of 100 %
    List<Integer> inside = rows(image, new Color(0x16, 0x35, 0x53)); // the bar's blue under the whisker's black
    List<Integer> grey = rows(image, Charts.LABELS);

    assertEquals(share.low(), (zero - inside.get(inside.size() - 1)) / height, 0.02);
    assertTrue(grey.stream().anyMatch(y -> Math.abs((zero - y) / height - share.high()) < 0.02), "no upper end");
    assertTrue(height > 0.6 * image.getHeight() && height < image.getHeight(), "the axis ends at 100 %");
  }

  private static int top(BufferedImage image, int x, int colour) {
    return IntStream.range(0, image.getHeight() * 3 / 4).filter(y -> image.getRGB(x, y) == colour).findFirst()
      .orElse(0);
  }

  /** The rows in which a colour is found about the middle of the chart, where the one bar's whisker stands. */
  private static List<Integer> rows(BufferedImage image, Color colour) {
    return IntStream.range(0, image.getHeight())
      .filter(y -> IntStream.range(image.getWidth() * 45 / 100, image.getWidth() * 60 / 100)
        .anyMatch(x -> near(new Color(image.getRGB(x, y), true), colour)))
      .boxed().toList();
  }

  private static boolean near(Color one, Color other) {
    return one.getAlpha() == 255 && Math.abs(one.getRed() - other.getRed()) < 4
        && Math.abs(one.getGreen() - other.getGreen()) < 4 && Math.abs(one.getBlue() - other.getBlue()) < 4;
  }

  private static BufferedImage draw(Chart<?, ?> chart) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(Rendering.of(chart).get(Rendering.PNG))));
  }
}
