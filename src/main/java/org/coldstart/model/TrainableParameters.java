package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Which of a model's parameters are trained at present, see {@link CausalLm#trainable}. */
public final class TrainableParameters {

  /**
   * How much of a model is trained; prints as PEFT's {@code print_trainable_parameters} does.
   *
   * @param trainable values that training changes
   * @param all values of the model, an adapter's among them
   */
  public record Count(long trainable, long all) {

    /** The trained share, 0 to 100. */
    public double percent() {
      return 100.0 * trainable / all;
    }

    @Override
    public String toString() {
      String text = "trainable params: %,d || all params: %,d || trainable%%: %.4f";
      return String.format(Locale.ROOT, text, trainable, all, percent());
    }
  }

  private final Weights weights;
  private final boolean tied;
  private final DType dtype;

  /** Names of chosen base parameters; null for all. */
  private Set<String> chosen;

  /** Trained rows of embedding and head, by the parameter's name. */
  private Map<String, TrainableTokens> tokens = Map.of();

  private NDManager tokensManager;
  private Adapter adapter;

  TrainableParameters(Weights weights, boolean tied, DType dtype) {
    this.dtype = dtype;
    this.weights = weights;
    this.tied = tied;
  }

  /** Refuses a model whose weights are not held in F32 with an {@link IllegalArgumentException}. */
  public void requireF32() {
    if (dtype != DType.F32) {
      throw new IllegalArgumentException("The model's weights are held in " + dtype
          + ", which loses the small steps of training: load it in F32 and train with Precision.BF16.");
    }
  }

  /** Changes what is trained; rows trained so far stay in the model. */
  public void choose(Trainable choice) {
    if (adapter != null) {
      throw new IllegalStateException(
          "The model has an adapter, and that alone is trained. Call mergeAndUnload() or unload() on it first.");
    }
    if (choice.tokenIds() != null) {
      TrainableTokens.check(choice.tokenIds(), Math.toIntExact(weights.get(Decoder.EMBEDDING).getShape().get(0)));
      forgetTokens();
      tokensManager = weights.newManager();
      tokens = tokens(choice.tokenIds());
    } else {
      Set<String> names = choice.globs() == null ? null : matching(choice.globs());
      forgetTokens();
      chosen = names;
    }
  }

  private Map<String, TrainableTokens> tokens(List<Integer> ids) {
    Map<String, TrainableTokens> byName = new LinkedHashMap<>();
    for (String matrix : List.of(Decoder.EMBEDDING, Decoder.HEAD).subList(0, tied ? 1 : 2)) {
      byName.put(TrainableTokens.nameIn(matrix.substring(0, matrix.lastIndexOf('.'))),
          new TrainableTokens(tokensManager, weights.get(matrix), ids));
    }
    return byName;
  }

  private void forgetTokens() {
    tokens = Map.of();
    if (tokensManager != null) {
      tokensManager.close();
      tokensManager = null;
    }
  }

  private Set<String> matching(List<String> globs) {
    Set<String> names = new HashSet<>();
    for (String glob : globs) {
      String regex = "\\Q" + glob.replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q") + "\\E";
      List<String> found = weights.all().keySet().stream().filter(name -> name.matches(regex)).toList();
      if (found.isEmpty()) {
        Map<String, String> firstOfKind = new LinkedHashMap<>();
        weights.all().keySet().forEach(name -> firstOfKind.putIfAbsent(name.replaceAll("\\d+", "*"), name));
        throw new IllegalArgumentException("No parameter of the model matches \"%s\"; there are %s%s.".formatted(glob,
            String.join(", ", firstOfKind.values()), tied ? "; the head is the embedding" : ""));
      }
      names.addAll(found);
    }
    return names;
  }

  /** The trained parameters by name, in the order of the forward pass. */
  Map<String, NDArray> current() {
    if (adapter != null) {
      return adapter.parameters();
    }
    Map<String, NDArray> current = new LinkedHashMap<>();
    tokens.forEach((name, rows) -> current.put(name, rows.rows()));
    if (tokens.isEmpty()) {
      current.putAll(weights.all());
      current.keySet().removeIf(name -> chosen != null && !chosen.contains(name));
    }
    return Collections.unmodifiableMap(current);
  }

  Count count() {
    long base = size(weights.all());
    if (adapter == null) {
      return new Count(size(current()), base);
    }
    long adapted = size(adapter.tensors());
    return new Count(adapted, base + adapted);
  }

  private static long size(Map<String, NDArray> arrays) {
    return arrays.values().stream().mapToLong(NDArray::size).sum();
  }

  Adapter adapter() {
    return adapter;
  }

  /**
   * Makes an adapter all that is trained, along with rows of embedding and head by their parameters' names.
   *
   * @throws IllegalStateException if there is an adapter already
   */
  public void attach(Adapter newAdapter, Map<String, TrainableTokens> rows) {
    choose(Trainable.all());
    adapter = newAdapter;
    tokens = rows;
    writeTokens();
  }

  /** Takes the adapter off; all parameters are trainable again. */
  public void detach() {
    adapter = null;
    tokens = Map.of();
  }

  /** The matrices of which single rows are trained. */
  Collection<TrainableTokens> tokens() {
    return tokens.values();
  }

  /** Writes trained token rows into their matrices, which the forward pass uses: after an optimizer's step. */
  public void writeTokens() {
    tokens().forEach(TrainableTokens::writeBack);
  }
}
