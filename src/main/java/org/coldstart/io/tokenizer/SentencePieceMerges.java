package org.coldstart.io.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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

  private record Merge(String left, String right, double score) {}

  /** The merges of pieces with these scores, as pairs. */
  static List<List<String>> of(Map<String, Double> pieces) {
    List<Merge> merges = new ArrayList<>();
    pieces.forEach((piece, score) -> {
      int points = piece.codePointCount(0, piece.length());
      for (int count = 1; count < points; count++) {
        int at = piece.offsetByCodePoints(0, count);
        String left = piece.substring(0, at);
        String right = piece.substring(at);
        if (pieces.containsKey(left) && pieces.containsKey(right)) {
          merges.add(new Merge(left, right, score));
        }
      }
    });
    merges.sort(Comparator.comparingDouble(Merge::score)
      .thenComparingLong(merge -> merge.left().codePoints().count())
      .thenComparingLong(merge -> merge.right().codePoints().count())
      .reversed());
    return merges.stream().map(merge -> List.of(merge.left(), merge.right())).toList();
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
