package org.coldstart.notebook;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import org.knowm.xchart.internal.chartpart.Chart;
import tech.tablesaw.api.Table;

/** Turns a value into what Jupyter shows: a map from MIME type to data. */
final class Rendering {

  static final String TEXT = "text/plain";
  static final String HTML = "text/html";
  static final String MARKDOWN = "text/markdown";
  static final String PNG = "image/png";

  /** Charts are drawn at twice their logical size, to be sharp on every screen. */
  private static final int SCALE = 2;

  private Rendering() {}

  static Map<String, String> of(Rich rich) {
    return bundle(rich.mimeType(), rich.content(), rich.text());
  }

  static Map<String, String> of(Table table) {
    return bundle(HTML, TableHtml.of(table), table.print(TableHtml.MAX_ROWS));
  }

  static Map<String, String> of(Chart<?, ?> chart) {
    return bundle(PNG, Base64.getEncoder().encodeToString(png(chart)), "chart: " + chart.getTitle());
  }

  private static byte[] png(Chart<?, ?> chart) {
    int width = Charts.WIDTH;
    int height = Math.round((float) chart.getHeight() * width / chart.getWidth());
    BufferedImage image = new BufferedImage(width * SCALE, height * SCALE, BufferedImage.TYPE_INT_ARGB);
    Graphics2D graphics = image.createGraphics();
    try {
      graphics.scale(SCALE, SCALE);
      chart.paint(graphics, width, height);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ImageIO.write(image, "png", out);
      return out.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      graphics.dispose();
    }
  }

  /** What the rendering gives, or, whatever it throws, an error message in its place. */
  static Map<String, String> safely(Callable<Map<String, String>> rendering) {
    try {
      return rendering.call();
    } catch (Throwable e) {
      String message = "could not be shown: " + e + hint(e);
      return bundle(HTML, "<pre style=\"color:var(--jp-error-color1,#d32f2f)\">" + Html.escape(message) + "</pre>",
          message);
    }
  }

  private static String hint(Throwable e) {
    boolean fonts = e instanceof Error && (e + " " + e.getCause()).matches("(?is).*(font|awt|X11).*");
    return fonts ? "\nCharts need fonts; on Debian or Ubuntu: sudo apt-get install fontconfig fonts-dejavu-core" : "";
  }

  private static Map<String, String> bundle(String mimeType, String content, String text) {
    Map<String, String> bundle = new LinkedHashMap<>();
    bundle.put(mimeType, content);
    bundle.put(TEXT, text);
    return bundle;
  }
}
