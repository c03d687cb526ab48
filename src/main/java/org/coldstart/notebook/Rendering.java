package org.coldstart.notebook;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.knowm.xchart.internal.chartpart.Chart;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.NumericColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/** Turns a value into what Jupyter shows: a map from MIME type to data. */
final class Rendering {

  static final String TEXT = "text/plain";
  static final String HTML = "text/html";
  static final String MARKDOWN = "text/markdown";
  static final String PNG = "image/png";

  /** Charts are drawn at twice their logical size, to be sharp on every screen. */
  private static final int SCALE = 2;

  static final int MAX_ROWS = 20;

  /** Columns by these names hold tokens: their blanks are shown. */
  private static final Set<String> TOKEN_COLUMNS = Set.of("token", "piece");

  private static final String CELL = "padding:4px 12px 4px 4px;vertical-align:top;";
  private static final String TEXT_CELL = "text-align:left;white-space:pre-wrap;overflow-wrap:anywhere;max-width:44em;";
  private static final String NUMBER_CELL = "text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;";
  private static final String CAPTION = "caption-side:top;text-align:left;font-weight:600;padding:4px;"
      + "color:var(--jp-ui-font-color1,inherit)";

  private Rendering() {}

  static Map<String, String> of(Rich rich) {
    return bundle(rich.mimeType(), rich.content(), rich.text());
  }

  static Map<String, String> of(Table table) {
    return bundle(HTML, html(table), legible(table).print(MAX_ROWS));
  }

  /** A table in the notebook's own colours: header, at most {@value #MAX_ROWS} rows, and how many more there are. */
  static String html(Table table) {
    Table legible = legible(table.first(MAX_ROWS));
    int shown = legible.rowCount();
    int more = table.rowCount() - shown;
    String title = table.name() == null || table.name().isBlank() ? ""
        : Rich.element("caption", CAPTION, Rich.escape(table.name()));
    String head = cells(table, "th", Rich.HEADING, c -> table.column(c).name());
    String body = IntStream.range(0, shown)
      .mapToObj(row -> cells(table, "td", Rich.LINE_BELOW, c -> legible.getString(row, c)))
      .map(cells -> Rich.element("tr", "background:transparent", cells))
      .collect(Collectors.joining());
    return Rich.element("table", Rich.TABLE, title + "<thead><tr>" + head + "</tr></thead><tbody>" + body + "</tbody>")
        + (more > 0 ? Rich.element("div", Rich.FAINT, "… " + more + " more") : "");
  }

  private static String cells(Table table, String tag, String style, IntFunction<String> text) {
    return IntStream.range(0, table.columnCount())
      .mapToObj(c -> Rich.element(tag, CELL + alignment(table.column(c)) + style, Rich.escape(text.apply(c))))
      .collect(Collectors.joining());
  }

  private static String alignment(Column<?> column) {
    return column instanceof NumericColumn ? NUMBER_CELL : TEXT_CELL;
  }

  /**
   * The table with text in place of values: tokens legible, and fractions without a format of their own in one for the
   * whole column. What is missing is a dash.
   */
  private static Table legible(Table table) {
    return Table.create(table.name(), table.columns().stream().<Column<?>>map(Rendering::legible).toList());
  }

  private static StringColumn legible(Column<?> column) {
    List<String> printed = IntStream.range(0, column.size()).mapToObj(column::getString).toList();
    List<String> texts = printed;
    if (column instanceof DoubleColumn fractions && printed.equals(byDefault(fractions))) {
      texts = NumberText.column(fractions.asDoubleArray());
    } else if (!(column instanceof NumericColumn)) {
      boolean tokens = TOKEN_COLUMNS.contains(column.name());
      texts = printed.stream().map(text -> tokens || text.isBlank() ? Pieces.visible(text) : text).toList();
    }
    StringColumn shown = StringColumn.create(column.name());
    for (int row = 0; row < column.size(); row++) {
      shown.append(column.isMissing(row) ? "–" : texts.get(row));
    }
    return shown;
  }

  private static List<String> byDefault(DoubleColumn fractions) {
    DoubleColumn plain = DoubleColumn.create("", fractions.asDoubleArray());
    return IntStream.range(0, plain.size()).mapToObj(plain::getString).toList();
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
      return bundle(HTML, "<pre style=\"color:var(--jp-error-color1,#d32f2f)\">" + Rich.escape(message) + "</pre>",
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
