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

  private record Series(List<Double> x, List<Double> y) {
    int size() {
      return x.size();
    }
  }

  private final String title;
  private final String xLabel;
  private final String yLabel;
  private final Map<String, Series> series = new LinkedHashMap<>();
  private final LiveDisplay display = new LiveDisplay(INTERVAL_MILLIS);

  /**
   * An empty chart; it appears with its first point.
   *
   * @param names of series, in the legend's order; one that is not named comes behind them with its
   *     first point
   */
  public LiveChart(String title, String xLabel, String yLabel, String... names) {
    this.title = title;
    this.xLabel = xLabel;
    this.yLabel = yLabel;
    for (String name : names) {
      series(name);
    }
  }

  private Series series(String name) {
    return series.computeIfAbsent(name, n -> new Series(new ArrayList<>(), new ArrayList<>()));
  }

  /** Adds a point to the series of this name; a value that is not finite leaves a gap. */
  public void add(String name, double x, double y) {
    series(name).x().add(x);
    series(name).y().add(Double.isFinite(y) ? y : Double.NaN);
    display.offer(this::chart);
  }

  /** The chart as it stands. */
  public XYChart chart() {
    XYChart chart = Charts.lines(title, xLabel, yLabel);
    chart.getStyler().setMarkerSize(6);
    int most = series.values().stream().mapToInt(Series::size).max().orElse(0);
    series.forEach(
        (name, points) -> {
          if (points.size() > 0) {
            boolean sparse = points.size() < FEW_POINTS && 2 * points.size() <= most;
            chart
                .addSeries(name, List.copyOf(points.x()), List.copyOf(points.y()))
                .setMarker(
                    sparse || points.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
          }
        });
    return chart;
  }

  /** Draws all points now. */
  public void draw() {
    if (series.values().stream().anyMatch(points -> points.size() > 0)) {
      display.show(this::chart);
    }
  }

  /** Draws the last points. */
  @Override
  public void close() {
    draw();
  }
}
