package org.coldstart.io.tokenizer;

import com.google.gson.JsonArray;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The merges of a SentencePiece BPE, which keeps only its tokens and their scores.
 *
 * <p>SentencePiece joins whichever two neighbours make the token of the highest score. A list of
 * merges says the same if it names every way to halve every token, in the order of the scores. Ways
 * to make one token follow each other as transformers orders them ({@code generate_merges}): the
 * longer left half first.
 */
final class SentencePieceMerges {
  private static final Comparator<Merge> ORDER =
      Comparator.comparingDouble(Merge::score)
          .thenComparingInt(merge -> merge.left().codePointCount(0, merge.left().length()))
          .thenComparingInt(merge -> merge.right().codePointCount(0, merge.right().length()))
          .reversed();

  private record Merge(String left, String right, double score) {}

  private SentencePieceMerges() {}

  /** Bytes, control tokens and the user's own are matched as they stand and never put together. */
  static JsonArray of(GgufTokens tokens, double[] scores) {
    Set<String> pieces = tokens.normal().mapToObj(tokens::text).collect(Collectors.toSet());
    List<Merge> merges = new ArrayList<>();
    tokens.normal().forEach(id -> halve(tokens.text(id), scores[id], pieces, merges));
    merges.sort(ORDER);
    JsonArray pairs = new JsonArray();
    for (Merge merge : merges) {
      JsonArray pair = new JsonArray();
      pair.add(merge.left());
      pair.add(merge.right());
      pairs.add(pair);
    }
    return pairs;
  }

  private static void halve(String piece, double score, Set<String> pieces, List<Merge> merges) {
    int points = piece.codePointCount(0, piece.length());
    for (int count = 1; count < points; count++) {
      int at = piece.offsetByCodePoints(0, count);
      String left = piece.substring(0, at);
      String right = piece.substring(at);
      if (pieces.contains(left) && pieces.contains(right)) {
        merges.add(new Merge(left, right, score));
      }
    }
  }
}
