package org.coldstart.lora;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The settings of a LoRA adapter; names and defaults are PEFT's.
 *
 * <pre>{@code
 * LoraConfig config = LoraConfig.builder().r(8).loraAlpha(16).targetModules("q_proj", "k_proj").build();
 * }</pre>
 *
 * @param r rank of the two matrices, at least 1
 * @param loraAlpha the adapter's output is multiplied by {@code loraAlpha / r}, with {@code useRslora} by {@code
 * loraAlpha / √r}
 * @param loraDropout share of an adapter's inputs set to zero in training, from 0 to below 1
 * @param targetModules the linear layers adapted
 * @param layersToTransform indices of the decoder layers adapted; empty for all
 * @param useRslora rank-stabilised scaling (Kalajdzievski, 2023)
 * @param trainableTokenIndices token ids whose rows are trained along, by matrix: {@code embed_tokens},
 * {@code lm_head}. A tied head shares the embedding's rows; an untied one is trained only if named, as in PEFT
 * @param baseModelNameOrPath where the base model is found, for the adapter's file; may be null
 * @param seed for the first values of A, and for dropout
 */
public record LoraConfig(int r, double loraAlpha, double loraDropout, Targets targetModules,
    List<Integer> layersToTransform, boolean useRslora, Map<String, List<Integer>> trainableTokenIndices,
    String baseModelNameOrPath, long seed) {

  /**
   * Which linear layers an adapter is put on: PEFT's {@code target_modules}.
   *
   * @param names names of layers or their ends ({@code q_proj}, {@code mlp.up_proj}); empty if a regex chooses
   * @param regex matches the whole name of a layer ({@code model.layers.0.self_attn.q_proj}); null if names choose
   * @param except those of them left out, PEFT's {@code exclude_modules}; null for none
   */
  public record Targets(List<String> names, String regex, Targets except) {

    /** PEFT's word for every linear layer but the head. */
    static final String ALL_LINEAR = "all-linear";

    public Targets {
      names = names.stream().distinct().sorted().toList();
      if (regex != null) {
        Pattern.compile(regex); // throws if it is none; "all-linear" is one
      } else if (names.isEmpty()) {
        throw new IllegalArgumentException("Name at least one linear layer for the adapter, such as \"q_proj\".");
      }
    }

    /** Layers whose name is, or ends with, one of these. */
    public static Targets named(String... names) {
      return new Targets(List.of(names), null, null);
    }

    /** Layers whose whole name the regular expression matches; {@code "all-linear"} matches all but the head. */
    public static Targets matching(String regex) {
      return new Targets(List.of(), Objects.requireNonNull(regex), null);
    }

    /** These without those; of the latter none need be there. */
    public Targets without(Targets except) {
      return new Targets(names, regex, except);
    }

    /** The chosen ones among the linear layers of some decoder layers (none listed: all), in the model's order. */
    List<String> among(Set<String> linears, List<Integer> layers) {
      List<String> named = linears.stream()
        .filter(linear -> choose(linear) && (except == null || !except.choose(linear)))
        .toList();
      if (named.isEmpty()) {
        throw new IllegalArgumentException(
            ("No target module (%s) names a linear layer of this model; there are %s (in full %s). Rows of embedding and"
                + " head are trained with trainableTokenIndices.")
              .formatted(regex == null ? String.join(", ", names) : regex, String.join(", ", lastParts(linears)),
                  linears.iterator().next()));
      }
      List<String> chosen = named.stream()
        .filter(linear -> layers.isEmpty() || layers.contains(Integer.valueOf(linear.split("\\.")[2])))
        .toList();
      if (chosen.isEmpty()) {
        throw new IllegalArgumentException("The adapter's layersToTransform " + layers + " hold no linear layer.");
      }
      return chosen;
    }

    private boolean choose(String linear) {
      return regex == null ? names.stream().anyMatch(name -> linear.equals(name) || linear.endsWith("." + name))
          : regex.equals(ALL_LINEAR) || linear.matches(regex);
    }

    private static Set<String> lastParts(Collection<String> linears) {
      return linears.stream()
        .map(linear -> linear.substring(linear.lastIndexOf('.') + 1))
        .collect(Collectors.toCollection(TreeSet::new));
    }

    /** PEFT, too, saves the names that "all-linear" stood for. */
    Targets resolved(List<String> targets) {
      if (except != null) {
        return named(targets.toArray(String[]::new));
      }
      return ALL_LINEAR.equals(regex) ? named(lastParts(targets).toArray(String[]::new)) : this;
    }
  }

  /** Refuses values out of range with an {@link IllegalArgumentException} that names them. */
  public LoraConfig {
    require(r >= 1, "r is " + r + "; it should be at least 1.");
    require(Double.isFinite(loraAlpha) && loraAlpha > 0, "loraAlpha is " + loraAlpha + "; it should be above 0.");
    require(loraDropout >= 0 && loraDropout < 1, "loraDropout is " + loraDropout + "; it should be from 0 to below 1.");
    layersToTransform = List.copyOf(layersToTransform);
    require(layersToTransform.isEmpty() || targetModules.regex() == null,
        "layersToTransform goes with names of target modules; a regular expression names the layers itself.");
    trainableTokenIndices = Collections.unmodifiableMap(new TreeMap<>(trainableTokenIndices));
    for (String module : trainableTokenIndices.keySet()) {
      require(module.equals("embed_tokens") || module.equals("lm_head"),
          "\"" + module + "\" has no rows of tokens; name embed_tokens or lm_head.");
    }
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }

  /** What the adapter's output is multiplied by. */
  public double scale() {
    return useRslora ? loraAlpha / Math.sqrt(r) : loraAlpha / r;
  }

  LoraConfig withTargetModules(Targets targets) {
    return new LoraConfig(r, loraAlpha, loraDropout, targets, layersToTransform, useRslora, trainableTokenIndices,
        baseModelNameOrPath, seed);
  }

  /** PEFT's defaults: r = alpha = 8, no dropout, on {@code q_proj} and {@code v_proj}. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects what differs from the defaults. */
  public static final class Builder {
    private int r = 8;
    private double loraAlpha = 8;
    private double loraDropout = 0;
    private Targets targetModules = Targets.named("q_proj", "v_proj");
    private List<Integer> layersToTransform = List.of();
    private boolean useRslora = false;
    private final Map<String, List<Integer>> trainableTokenIndices = new TreeMap<>();
    private String baseModelNameOrPath;
    private long seed = 42;

    private Builder() {}

    /** Rank of A and B. */
    public Builder r(int r) {
      this.r = r;
      return this;
    }

    /** Numerator of the scale α / r. */
    public Builder loraAlpha(double loraAlpha) {
      this.loraAlpha = loraAlpha;
      return this;
    }

    /** Share of inputs dropped in training. */
    public Builder loraDropout(double loraDropout) {
      this.loraDropout = loraDropout;
      return this;
    }

    /** Names of linear layers or their ends; or {@code "all-linear"} alone. */
    public Builder targetModules(String... names) {
      boolean all = List.of(names).equals(List.of(Targets.ALL_LINEAR));
      return targetModules(all ? Targets.matching(Targets.ALL_LINEAR) : Targets.named(names));
    }

    /** The linear layers adapted. */
    public Builder targetModules(Targets targets) {
      this.targetModules = targets;
      return this;
    }

    /** Indices of decoder layers to keep to. */
    public Builder layersToTransform(int... layers) {
      this.layersToTransform = Arrays.stream(layers).boxed().toList();
      return this;
    }

    /** Rank-stabilised scaling. */
    public Builder useRslora(boolean useRslora) {
      this.useRslora = useRslora;
      return this;
    }

    /** Tokens whose embedding is trained along, and with it a tied head's row. */
    public Builder trainableTokenIndices(int... ids) {
      return trainableTokenIndices("embed_tokens", ids);
    }

    /** Tokens whose row of {@code embed_tokens} or {@code lm_head} is trained along. */
    public Builder trainableTokenIndices(String module, int... ids) {
      trainableTokenIndices.put(module, Arrays.stream(ids).boxed().toList());
      return this;
    }

    /** What the adapter's file says about its base model. */
    public Builder baseModelNameOrPath(String nameOrPath) {
      this.baseModelNameOrPath = nameOrPath;
      return this;
    }

    /** For the first values of A, and for dropout. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /** The configuration, checked. */
    public LoraConfig build() {
      return new LoraConfig(r, loraAlpha, loraDropout, targetModules, layersToTransform, useRslora,
          trainableTokenIndices, baseModelNameOrPath, seed);
    }
  }
}
