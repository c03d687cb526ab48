package org.coldstart.notebook;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import javax.imageio.ImageIO;
import org.knowm.xchart.internal.chartpart.Chart;

/**
 * A chart as a PNG, drawn at twice its logical size to be sharp on every screen; the background
 * stays transparent.
 */
final class ChartImage {

  /** Logical width in pixels; the notebook shows every chart at this width. */
  static final int WIDTH = 720;

  private static final int SCALE = 2;

  private ChartImage() {}

  static String base64(Chart<?, ?> chart) {
    return Base64.getEncoder().encodeToString(png(chart));
  }

  static byte[] png(Chart<?, ?> chart) {
    int height = Math.round((float) chart.getHeight() * WIDTH / chart.getWidth());
    BufferedImage image =
        new BufferedImage(WIDTH * SCALE, height * SCALE, BufferedImage.TYPE_INT_ARGB);
    Graphics2D graphics = image.createGraphics();
    try {
      graphics.scale(SCALE, SCALE);
      chart.paint(graphics, WIDTH, height);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ImageIO.write(image, "png", out);
      return out.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      graphics.dispose();
    }
  }
}
