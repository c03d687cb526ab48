package org.coldstart.notebook;

import java.util.Collection;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import org.knowm.xchart.style.AxesChartStyler;

/**
 * The stretch of an axis that begins and ends at a tick, its ticks one, two or five times a power of ten apart. XChart
 * alone puts ticks at the data where these are evenly spaced (1, 19, 37), and often none below the lowest of them.
 *
 * @param from the lowest tick
 * @param to the highest one
 * @param step between two ticks
 */
record RoundAxis(double from, double to, double step) {

  /** XChart's step for a given space is up to a half more or a quarter less than this many times a round one. */
  private static final double MIDDLE = 1.06;

  /** The axis that holds these values, in about so many steps; NaN does not count. */
  static RoundAxis of(double least, double most, int steps) {
    double step = roundUp((most - least) / steps);
    while (true) {
      double from = Math.floor(least / step + 1e-9) * step;
      double to = Math.ceil(most / step - 1e-9) * step;
      double needed = roundUp((to - from) / steps);
      if (needed <= step) {
        return new RoundAxis(from, to, step);
      }
      step = needed;
    }
  }

  private static double roundUp(double rough) {
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double digit = rough / power;
    return power * (digit <= 1.001 ? 1 : digit <= 2.001 ? 2 : digit <= 5.001 ? 5 : 10);
  }

  /** The least and the largest of finite values of all series; the same twice where a chart has none. */
  static <S> double[] range(Collection<S> series, Function<S, double[]> values) {
    double[] all = values(series, values);
    return new double[] {DoubleStream.of(all).min().orElse(0), DoubleStream.of(all).max().orElse(0)};
  }

  /** The finite values of all series. */
  static <S> double[] values(Collection<S> series, Function<S, double[]> values) {
    return series.stream().flatMapToDouble(one -> DoubleStream.of(values.apply(one)))
      .filter(Double::isFinite).toArray();
  }

  /** Makes it the y axis; a bound that was set stays. */
  void setY(AxesChartStyler styler, double pixels) {
    styler.setYAxisMin(styler.getYAxisMin() == null ? from : styler.getYAxisMin());
    styler.setYAxisMax(styler.getYAxisMax() == null ? to : styler.getYAxisMax());
    styler.setYAxisTickMarkSpacingHint(hint(pixels, to - from));
  }

  /** Makes it the x axis, which ends at the last value, wherever that is. */
  void setX(AxesChartStyler styler, double pixels, double most) {
    styler.setXAxisMin(styler.getXAxisMin() == null ? from : styler.getXAxisMin());
    // A hair more than the last value: XChart takes ticks from data that are evenly spaced up to the axis' end.
    styler.setXAxisMax(styler.getXAxisMax() == null ? most + (most - from) / 1000 : styler.getXAxisMax());
    styler.setXAxisTickMarkSpacingHint(hint(pixels, most - from));
  }

  private int hint(double pixels, double span) {
    return (int) (MIDDLE * step * pixels / span);
  }
}
