package org.coldstart.notebook;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A line chart under a cell that grows while the cell runs, redrawn at most once a second.
 *
 * <pre>{@code
 * try (LiveChart chart = new LiveChart("Loss", "step", "loss", "train", "eval")) {
 *   chart.add("train", step, loss);   // every step
 *   chart.add("eval", step, evalLoss);   // now and then: its points are marked
 * }
 * }</pre>
 */
public final class LiveChart implements AutoCloseable {

  private static final long INTERVAL_MILLIS = 1000;
  private static final int FEW_POINTS = 40;

  private record Point(double x, double y) {}

  private final String title;
  private final String xLabel;
  private final String yLabel;
  private final Map<String, List<Point>> series = new LinkedHashMap<>();
  private final LiveDisplay display = new LiveDisplay(INTERVAL_MILLIS);

  /**
   * An empty chart; it appears with its first point.
   *
   * @param names of series, in the legend's order; others follow as they get their first point
   */
  public LiveChart(String title, String xLabel, String yLabel, String... names) {
    this.title = title;
    this.xLabel = xLabel;
    this.yLabel = yLabel;
    for (String name : names) {
      series(name);
    }
  }

  private List<Point> series(String name) {
    return series.computeIfAbsent(name, n -> new ArrayList<>());
  }

  /** Adds a point to the series of this name; a value that is not finite leaves a gap. */
  public void add(String name, double x, double y) {
    series(name).add(new Point(x, Double.isFinite(y) ? y : Double.NaN));
    display.offer(this::chart);
  }

  /** The chart as it is now. */
  public XYChart chart() {
    XYChart chart = Charts.lines(title, xLabel, yLabel);
    chart.getStyler().setMarkerSize(6);
    int most = series.values().stream().mapToInt(List::size).max().orElse(0);
    series.forEach((name, points) -> {
      if (!points.isEmpty()) {
        double[] x = points.stream().mapToDouble(Point::x).toArray();
        double[] y = points.stream().mapToDouble(Point::y).toArray();
        boolean sparse = points.size() < FEW_POINTS && 2 * points.size() <= most;
        chart.addSeries(name, x, y).setMarker(sparse || points.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
      }
    });
    return chart;
  }

  /** Draws all points now. */
  public void draw() {
    if (series.values().stream().anyMatch(points -> !points.isEmpty())) {
      display.show(this::chart);
    }
  }

  /** Draws the last points. */
  @Override
  public void close() {
    draw();
  }
}
