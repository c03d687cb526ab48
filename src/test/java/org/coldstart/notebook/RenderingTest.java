package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.coldstart.train.TrainingListener;
import org.junit.jupiter.api.Test;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.internal.chartpart.Chart;

class RenderingTest {

  @Test
  void aChartBecomesAPngOfTwiceItsSize() throws IOException {
    BufferedImage image = decode(Charts.bars("P", "probability", List.of("<think>", "a"), new double[] {0.2, 0.8}));

    assertEquals(1440, image.getWidth());
    assertEquals(680, image.getHeight());
    assertEquals(0, image.getRGB(0, 0) >>> 24, "the background is transparent");
    assertTrue(countOf(image, 0xff3b8fe0) > 10_000, "bars are drawn in the first colour");
  }

  @Test
  void histogramsCountEveryValueOnce() throws IOException {
    var chart = Charts.histogram("lengths", "tokens", new int[] {1, 2, 2, 3, 10}, 3);
    double sum = Arrays.stream(chart.getSeries("count").getYData()).sum();

    assertEquals(5, sum);
    assertTrue(countOf(decode(chart), 0xff3b8fe0) > 1000);
    assertThrows(IllegalArgumentException.class, () -> Charts.histogram("none", "x", new int[0], 3));
  }

  @Test
  void histogramsOfWholeNumbersHaveNoComb() {
    for (int bins : new int[] {7, 25, 40, 60, 100}) {
      var series = Charts.histogram("even", "n", IntStream.rangeClosed(3, 62).toArray(), bins).getSeries("count");
      double[] counts = series.getYData();
      assertTrue(counts.length <= bins, bins + " bins");
      double[] inner = Arrays.copyOf(counts, counts.length - 1); // the last range may reach beyond the largest value
      assertEquals(1, Arrays.stream(inner).distinct().count(), bins + ": " + Arrays.toString(counts));
    }
    var three = Charts.histogram("wide", "n", new int[] {10, 13, 14, 19}, 3).getSeries("count");
    assertEquals(List.of(11.5, 15.5, 19.5), List.copyOf(three.getXData()), "10–13, 14–17, 18–21");
    assertArrayEquals(new double[] {2, 1, 1}, three.getYData());
  }

  @Test
  void aLiveChartKeepsItsSeries() throws IOException {
    LiveTraining live = new LiveTraining(3);
    live.onStep(new TrainingListener.Step(1, 3, 2.0, 1, 1));
    live.onStep(new TrainingListener.Step(2, 3, Double.POSITIVE_INFINITY, 1, 1));
    live.onStep(new TrainingListener.Step(3, 3, 1.0, 1, 1));

    assertEquals(3, live.chart().getSeries("train").getXData().length);
    assertTrue(Double.isNaN(live.chart().getSeries("train").getYData()[1]));
    assertEquals(1440, decode(live.chart()).getWidth());
  }

  @Test
  void anErrorWhileDrawingIsShownInsteadOfThrown() {
    Chart<?, ?> broken = new XYChart(10, 10) {
      @Override
      public void paint(Graphics2D graphics, int width, int height) {
        throw new NoClassDefFoundError("Could not initialize class sun.awt.X11FontManager <b>");
      }
    };
    Map<String, String> shown = Rendering.safely(() -> Rendering.of(broken));

    assertFalse(shown.containsKey(Rendering.PNG));
    assertTrue(shown.get(Rendering.HTML).contains("X11FontManager &lt;b&gt;"), shown.toString());
    assertTrue(shown.get(Rendering.TEXT).contains("fonts-dejavu-core"), shown.toString());
  }

  @Test
  void numbersAreBrief() {
    assertEquals("0.199653", NumberText.brief(0.19965312));
    assertEquals("12.5", NumberText.brief(12.5));
    assertEquals("1234.57", NumberText.brief(1234.5678));
    assertEquals("0.3", NumberText.brief(0.1 + 0.2));
    assertEquals("-3", NumberText.brief(-3));
    assertEquals("1.1e-10", NumberText.brief(1.1e-10));
    assertEquals("1 min 20 s", NumberText.duration(80));
    assertEquals("2 h 5 min", NumberText.duration(7500));
  }

  @Test
  void progressNamesCountDetailsAndTime() {
    Progress progress = new Progress("step", 48);
    progress.update(12, "loss 1.234");
    String half = progress.text();
    progress.update(48);

    assertTrue(half.matches("step 12/48 · loss 1\\.234 · .* left"), half);
    assertTrue(progress.text().startsWith("step 48/48 · took "), progress.text());
    assertNotEquals(half, progress.text());
  }

  private static BufferedImage decode(Chart<?, ?> chart) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(Rendering.of(chart).get(Rendering.PNG))));
  }

  private static long countOf(BufferedImage image, int argb) {
    long count = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        count += image.getRGB(x, y) == argb ? 1 : 0;
      }
    }
    return count;
  }
}
