package org.coldstart.lora;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which linear layers an adapter is put on: PEFT's {@code target_modules}.
 *
 * @param names names of layers or their ends ({@code q_proj}, {@code mlp.up_proj}); empty when a regex chooses, or all
 * @param regex matches the whole name of a layer ({@code model.layers.0.self_attn.q_proj}); null when names choose, or
 * all
 */
public record LoraTargets(List<String> names, String regex) {

  /** PEFT's word for every linear layer but the head. */
  static final String ALL_LINEAR = "all-linear";

  public LoraTargets {
    names = names.stream().distinct().sorted().toList();
    if (regex != null) {
      Pattern.compile(regex); // throws if it is none; "all-linear" is one
    } else if (names.isEmpty()) {
      throw new IllegalArgumentException("Name at least one linear layer for the adapter, such as \"q_proj\".");
    }
  }

  /** Layers whose name is, or ends with, one of these. */
  public static LoraTargets named(String... names) {
    return new LoraTargets(List.of(names), null);
  }

  /**
   * Layers whose whole name the expression matches.
   *
   * @throws java.util.regex.PatternSyntaxException if it is none
   */
  public static LoraTargets matching(String regex) {
    return new LoraTargets(List.of(), Objects.requireNonNull(regex));
  }

  /**
   * The chosen ones among the model's linear layers, in their order.
   *
   * @param layers indices of decoder layers to keep to; empty for all
   * @throws IllegalArgumentException if a name or the expression chooses none
   */
  List<String> among(Set<String> linears, List<Integer> layers) {
    List<String> patterns = regex == null ? names : List.of(regex);
    for (String pattern : patterns) {
      if (linears.stream().noneMatch(linear -> matches(pattern, linear))) {
        throw new IllegalArgumentException(
            ("The target module \"%s\" names no linear layer of this model; there are %s (in full %s). Rows of"
                + " embedding and head are trained with trainableTokenIndices.")
              .formatted(pattern, String.join(", ", lastParts(linears)), linears.iterator().next()));
      }
    }
    List<String> chosen = linears.stream()
      .filter(linear -> patterns.stream().anyMatch(pattern -> matches(pattern, linear)))
      .filter(linear -> layers.isEmpty() || layers.contains(layerOf(linear)))
      .toList();
    if (chosen.isEmpty()) {
      throw new IllegalArgumentException("The adapter's layersToTransform " + layers + " hold no linear layer.");
    }
    return chosen;
  }

  private boolean matches(String pattern, String linear) {
    return regex == null ? linear.equals(pattern) || linear.endsWith("." + pattern)
        : pattern.equals(ALL_LINEAR) || linear.matches(pattern);
  }

  private static int layerOf(String linear) {
    return Integer.parseInt(linear.replaceFirst("^.*?\\.(\\d+)\\..*$", "$1"));
  }

  private static Set<String> lastParts(Collection<String> linears) {
    return linears.stream()
      .map(linear -> linear.substring(linear.lastIndexOf('.') + 1))
      .collect(Collectors.toCollection(TreeSet::new));
  }

  /** PEFT, too, saves the names that "all-linear" stood for. */
  LoraTargets resolved(List<String> targets) {
    return ALL_LINEAR.equals(regex) ? named(lastParts(targets).toArray(String[]::new)) : this;
  }
}
