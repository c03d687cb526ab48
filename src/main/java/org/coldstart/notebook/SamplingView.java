package org.coldstart.notebook;

import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.coldstart.generate.Sampling;
import org.coldstart.generate.TokenDistribution.Candidate;
import org.coldstart.generate.TokenDistribution;
import org.knowm.xchart.CategoryChart;

/** Shows what sampling does to the distribution of the next token. */
public final class SamplingView {

  private SamplingView() {}

  /**
   * What each sampling makes of one distribution: a group of bars for each of the n tokens that are likeliest over all
   * of them.
   *
   * @param settings by the names of their bars, in the order to be drawn
   * @param next the distribution after a setting's steps, such as {@code s ->
   *     generator.nextTokenProbabilities(prompt, written, s)}
   */
  public static CategoryChart nextTokens(String title, Map<String, Sampling> settings,
      Function<Sampling, TokenDistribution> next, int n) {
    Map<String, TokenDistribution> distributions = new LinkedHashMap<>();
    settings.forEach((name, sampling) -> distributions.put(name, next.apply(sampling)));
    List<Candidate> tokens = likeliest(distributions, n);
    Map<String, Integer> labels = labels(tokens);
    CategoryChart chart = Charts.groupedBars(title, "probability");
    distributions.forEach((name, tokensNext) -> chart.addSeries(name, List.copyOf(labels.keySet()),
        labels.values().stream().map(tokensNext::probability).toList()));
    return chart;
  }

  private static List<Candidate> likeliest(Map<String, TokenDistribution> distributions, int n) {
    Collection<TokenDistribution> all = distributions.values();
    Map<Integer, Candidate> candidates = new LinkedHashMap<>();
    all.forEach(next -> next.top(n).forEach(token -> candidates.putIfAbsent(token.id(), token)));
    ToDoubleFunction<Candidate> sum = token -> all.stream().mapToDouble(next -> next.probability(token.id())).sum();
    return candidates.values().stream().sorted(Comparator.comparingDouble(sum).reversed()).limit(n).toList();
  }

  /** Ids by label; half characters look alike, so a label that is taken gets its id. */
  private static Map<String, Integer> labels(List<Candidate> tokens) {
    Map<String, Integer> labels = new LinkedHashMap<>();
    for (Candidate token : tokens) {
      String shown = token.token().replace("\n", "\\n").replace(' ', '\u00b7');
      labels.put(labels.containsKey(shown) ? shown + " #" + token.id() : shown, token.id());
    }
    return labels;
  }
}
