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
 * try (LiveChart chart = new LiveChart("Loss", "step", "loss")) {
 *   chart.add("train", step, loss);   // every step
 *   chart.add("eval", step, evalLoss);   // now and then: its points are marked
 * }
 * }</pre>
 */
public final class LiveChart implements AutoCloseable {

  private static final long INTERVAL_MILLIS = 1000;
  private static final int FEW_POINTS = 40;

  private record Series(List<Double> x, List<Double> y) {}

  private final String title;
  private final String xLabel;
  private final String yLabel;
  private final Map<String, Series> series = new LinkedHashMap<>();
  private final LiveDisplay display = new LiveDisplay(INTERVAL_MILLIS);

  /** An empty chart; it appears with its first point. */
  public LiveChart(String title, String xLabel, String yLabel) {
    this.title = title;
    this.xLabel = xLabel;
    this.yLabel = yLabel;
  }

  /** Adds a point to the series of this name; a value that is not finite leaves a gap. */
  public void add(String name, double x, double y) {
    Series points =
        series.computeIfAbsent(name, n -> new Series(new ArrayList<>(), new ArrayList<>()));
    points.x().add(x);
    points.y().add(Double.isFinite(y) ? y : Double.NaN);
    display.offer(this::chart);
  }

  /** The chart as it stands. */
  public XYChart chart() {
    XYChart chart = Charts.lines(title, xLabel, yLabel);
    chart.getStyler().setMarkerSize(6);
    series.forEach(
        (name, points) -> {
          boolean sparse =
              series.size() > 1
                  && points.x().size() < FEW_POINTS
                  && points != series.values().iterator().next();
          chart
              .addSeries(name, List.copyOf(points.x()), List.copyOf(points.y()))
              .setMarker(
                  sparse || points.x().size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
        });
    return chart;
  }

  /** Draws the last points. */
  @Override
  public void close() {
    if (!series.isEmpty()) {
      display.show(this::chart);
    }
  }
}
