package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What of a model is trained at present, and what stands in for some of its rows meanwhile: the one
 * place that a trainer asks.
 */
final class TrainableParameters {

  private static final int NEAR_NAMES = 3;

  private final Weights weights;
  private final boolean tied;

  /** Names of chosen base parameters; null for all. */
  private Set<String> chosen;

  private TrainableTokens embeddingRows;
  private TrainableTokens headRows;
  private Lora adapter;

  TrainableParameters(Weights weights, boolean tied) {
    this.weights = weights;
    this.tied = tied;
  }

  /** Changes what is trained; rows trained so far are written into the model first. */
  void choose(Trainable trainable) {
    refuseWhileAdapted();
    if (trainable instanceof Trainable.Rows rows) {
      TrainableTokens.check(rows.ids(), vocabulary());
      endRows();
      chosen = Set.of();
      embeddingRows = rows(Decoder.EMBEDDING, rows.ids());
      headRows = tied ? embeddingRows : rows(Decoder.HEAD, rows.ids());
    } else {
      Set<String> names = trainable instanceof Trainable.Matching m ? matching(m.patterns()) : null;
      endRows();
      chosen = names;
    }
  }

  private void refuseWhileAdapted() {
    if (adapter != null) {
      throw new IllegalStateException(
          "The model has an adapter, and that alone is trained. Call mergeAndUnload() or unload()"
              + " on it first.");
    }
  }

  private int vocabulary() {
    return Math.toIntExact(weights.get(Decoder.EMBEDDING).getShape().get(0));
  }

  private TrainableTokens rows(String name, List<Integer> ids) {
    return new TrainableTokens(weights.newManager(), weights.get(name), ids);
  }

  private void endRows() {
    writeBack();
    closeRows();
  }

  private void closeRows() {
    ownRows().forEach(TrainableTokens::close);
    embeddingRows = null;
    headRows = null;
  }

  /** What is trained of embedding and head row by row; where they are tied, the one there is. */
  private Stream<TrainableTokens> ownRows() {
    return Stream.of(embeddingRows, headRows).flatMap(Stream::ofNullable).distinct();
  }

  private Set<String> matching(Map<String, Pattern> patterns) {
    Set<String> names = new LinkedHashSet<>();
    patterns.forEach(
        (text, pattern) -> {
          List<String> found =
              weights.all().keySet().stream()
                  .filter(name -> pattern.matcher(name).matches())
                  .toList();
          if (found.isEmpty()) {
            throw matchesNothing(text);
          }
          names.addAll(found);
        });
    return names;
  }

  private IllegalArgumentException matchesNothing(String pattern) {
    String hint =
        tied && pattern.startsWith("lm_head")
            ? "; the head of this model is the embedding, " + Decoder.EMBEDDING
            : "; near it are " + String.join(", ", nearest(pattern));
    return new IllegalArgumentException(
        "No parameter of the model matches \"" + pattern + "\"" + hint + ".");
  }

  /** The names that share most with a pattern, one of each kind of layer. */
  private List<String> nearest(String pattern) {
    String[] words = pattern.split("[^A-Za-z0-9_]+");
    Map<String, String> kinds =
        weights.all().keySet().stream()
            .collect(
                Collectors.toMap(
                    name -> name.replaceAll("\\.\\d+\\.", ".*."),
                    name -> name,
                    (first, second) -> first,
                    LinkedHashMap::new));
    return kinds.values().stream()
        .sorted(Comparator.comparingInt((String name) -> likeness(words, name)).reversed())
        .limit(NEAR_NAMES)
        .toList();
  }

  /** For each word the longest beginning it shares with a word of the name, summed. */
  private static int likeness(String[] words, String name) {
    String[] parts = name.split("\\.");
    return Arrays.stream(words)
        .mapToInt(
            word ->
                Arrays.stream(parts).mapToInt(part -> sharedBeginning(word, part)).max().orElse(0))
        .sum();
  }

  private static int sharedBeginning(String a, String b) {
    int mismatch = Arrays.mismatch(a.toCharArray(), b.toCharArray());
    return mismatch < 0 ? a.length() : mismatch;
  }

  /** The trained parameters by name, in the order of the forward pass. */
  Map<String, NDArray> current() {
    if (adapter != null) {
      return adapter.parameters();
    }
    Map<String, NDArray> current = new LinkedHashMap<>();
    if (embeddingRows != null) {
      current.put(Lora.rowsName("model.embed_tokens"), embeddingRows.rows());
      if (!tied) {
        current.put(Lora.rowsName("lm_head"), headRows.rows());
      }
      return Collections.unmodifiableMap(current);
    }
    weights
        .all()
        .forEach(
            (name, array) -> {
              if (chosen == null || chosen.contains(name)) {
                current.put(name, array);
              }
            });
    return Collections.unmodifiableMap(current);
  }

  TrainableCount count() {
    long base = size(weights.all());
    return adapter == null
        ? new TrainableCount(size(current()), base)
        : new TrainableCount(size(adapter.tensors()), base + size(adapter.tensors()));
  }

  private static long size(Map<String, NDArray> arrays) {
    return arrays.values().stream().mapToLong(NDArray::size).sum();
  }

  /** Whether some rows are trained on their own, so that the matrix must keep its size. */
  boolean hasRows() {
    return embeddingRows != null || headRows != null;
  }

  /** What an adapter would add to weights, by their names. */
  Map<String, LoraLayer> unmerged() {
    return adapter == null ? Map.of() : adapter.unmerged();
  }

  /** The adapter attached, or null. */
  Lora adapter() {
    return adapter;
  }

  /** Makes an adapter the only thing trained; either rows may be null. */
  void attach(Lora lora, TrainableTokens embedding, TrainableTokens head) {
    refuseWhileAdapted();
    adapter = lora;
    embeddingRows = embedding;
    headRows = head;
  }

  /** Ends the adapter's time; all parameters are trainable again. */
  void detach() {
    closeRows();
    adapter = null;
    chosen = null;
  }

  /** Embeddings looked up, with the trained rows' values. */
  NDArray onLookedUp(NDArray x, NDArray inputIds) {
    return embeddingRows == null ? x : embeddingRows.onLookedUp(x, inputIds);
  }

  /** Scores, with the trained rows' values; x is what the head was given. */
  NDArray onScores(NDArray scores, NDArray x) {
    return headRows == null ? scores : headRows.onScores(scores, x);
  }

  /** The way back of {@link #onLookedUp}. */
  void backwardLookedUp(NDArray dx, NDArray inputIds, ForwardContext pass) {
    if (embeddingRows != null) {
      embeddingRows.backwardLookedUp(dx, inputIds, pass);
    }
  }

  /** The way back of {@link #onScores}: adds to the gradient of x, too. */
  void backwardScores(NDArray dScores, NDArray x, NDArray dx, ForwardContext pass) {
    if (headRows != null) {
      headRows.backwardScores(dScores, x, dx, pass);
    }
  }

  /** The matrices of which single rows are trained. */
  List<NDArray> matricesOfRows() {
    return ownRows().map(TrainableTokens::matrix).toList();
  }

  /** Writes trained rows into their matrices, which changes nothing the model says. */
  void writeBack() {
    ownRows().forEach(TrainableTokens::writeBack);
  }

  /** Gives the matrices the rows that they had when these began to be trained. */
  void restoreRows() {
    ownRows().forEach(TrainableTokens::restore);
  }
}
