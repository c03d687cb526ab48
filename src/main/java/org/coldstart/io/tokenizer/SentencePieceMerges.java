package org.coldstart.io.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
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
   * The scores behind merges, one lower for each piece that is made; pieces that none makes have the lowest.
   *
   * @param merges each {@code left right}
   * @return empty if no scores give these merges
   */
  static Optional<Map<String, Double>> scores(List<String> pieces, List<String> merges) {
    Map<String, Double> scores = new HashMap<>();
    pieces.forEach(piece -> scores.put(piece, (double) -merges.size() - 1));
    List<List<String>> own = new ArrayList<>();
    Map<String, Double> made = new HashMap<>();
    for (String merge : merges) {
      int space = merge.indexOf(' ');
      List<String> halves = List.of(merge.substring(0, space), merge.substring(space + 1));
      String piece = String.join("", halves);
      // Merges of other tokens, as of a user's, are of no account: those are found before.
      if (scores.keySet().containsAll(halves) && scores.containsKey(piece)) {
        own.add(halves);
        made.putIfAbsent(piece, (double) -made.size());
      }
    }
    scores.putAll(made);
    boolean same = new HashSet<>(own).equals(new HashSet<>(of(scores))) && inOrder(own, made);
    return same ? Optional.of(scores) : Optional.empty();
  }

  private static boolean inOrder(List<List<String>> merges, Map<String, Double> scores) {
    double last = 0;
    for (List<String> merge : merges) {
      double score = scores.get(String.join("", merge));
      if (score > last) {
        return false;
      }
      last = score;
    }
    return true;
  }
}
