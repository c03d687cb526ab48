package org.coldstart.io.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The rules of a SentencePiece BPE in its two forms: a score for every piece, or a list of merges.
 *
 * <p>
 * SentencePiece joins the two neighbours that make the piece of the highest score. A list of merges does the same if it
 * names every way to halve every piece, in the order of the scores; ways to make one piece as transformers orders them
 * ({@code generate_merges}), the longer left half first.
 */
final class SentencePieceMerges {
  private SentencePieceMerges() {}

  private record Merge(String left, String right, double score, int leftPoints, int rightPoints) {}

  /** The merges of pieces with these scores, as pairs. */
  static List<List<String>> of(Map<String, Double> pieces) {
    return pieces.entrySet()
      .parallelStream()
      .flatMap(piece -> halves(piece.getKey(), piece.getValue(), pieces.keySet()))
      .sorted(Comparator.comparingDouble(Merge::score)
        .thenComparingInt(Merge::leftPoints)
        .thenComparingInt(Merge::rightPoints)
        .reversed())
      .map(merge -> List.of(merge.left(), merge.right()))
      .toList();
  }

  /** The ways to put a piece together from two others. */
  private static Stream<Merge> halves(String piece, double score, Set<String> pieces) {
    List<Merge> halves = new ArrayList<>();
    int points = piece.codePointCount(0, piece.length());
    int at = 0;
    for (int count = 1; count < points; count++) {
      at = piece.offsetByCodePoints(at, 1);
      String left = piece.substring(0, at);
      if (pieces.contains(left) && pieces.contains(piece.substring(at))) {
        halves.add(new Merge(left, piece.substring(at), score, count, points - count));
      }
    }
    return halves.stream();
  }

  /**
   * The scores behind merges, each {@code left right}: 0, −1, −2 … for the pieces in the order they are made, the lowest
   * for those that none makes. Empty if no scores give these merges.
   */
  static Optional<Map<String, Double>> scores(List<String> pieces, List<String> merges) {
    Map<String, Double> scores = new HashMap<>();
    pieces.forEach(piece -> scores.put(piece, (double) -merges.size()));
    // Merges to or of other tokens, as a user's, are of no account: those are found before.
    List<String> made = merges.stream()
      .filter(merge -> scores.keySet().containsAll(List.of(merge.split(" ", 2))))
      .map(merge -> merge.replace(" ", ""))
      .filter(scores::containsKey)
      .toList();
    List<String> distinct = made.stream().distinct().toList();
    for (int i = 0; i < distinct.size(); i++) {
      scores.put(distinct.get(i), (double) -i);
    }
    boolean same = made.equals(of(scores).stream().map(halves -> String.join("", halves)).toList());
    return same ? Optional.of(scores) : Optional.empty();
  }
}
