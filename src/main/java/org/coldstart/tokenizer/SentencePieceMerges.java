package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

  private SentencePieceMerges() {}

  private record Merge(String left, String right, double score) {
    JsonArray toJson() {
      JsonArray pair = new JsonArray();
      pair.add(left);
      pair.add(right);
      return pair;
    }
  }

  static JsonArray of(GgufTokens tokens, double[] scores) {
    // Bytes, control tokens and the user's own are matched as they stand and never put together.
    Map<String, Integer> pieces = new HashMap<>();
    for (int id = 0; id < tokens.size(); id++) {
      if (tokens.is(GgufTokens.NORMAL, id)) {
        pieces.put(tokens.text(id), id);
      }
    }
    List<Merge> merges = new ArrayList<>();
    for (int id = 0; id < tokens.size(); id++) {
      if (tokens.is(GgufTokens.NORMAL, id)) {
        merges.addAll(halves(tokens.text(id), scores[id], pieces));
      }
    }
    merges.sort(ORDER);
    JsonArray result = new JsonArray();
    merges.forEach(merge -> result.add(merge.toJson()));
    return result;
  }

  private static List<Merge> halves(String piece, double score, Map<String, Integer> pieces) {
    List<Merge> halves = new ArrayList<>();
    for (int at = next(piece, 0); at < piece.length(); at = next(piece, at)) {
      String left = piece.substring(0, at);
      String right = piece.substring(at);
      if (pieces.containsKey(left) && pieces.containsKey(right)) {
        halves.add(new Merge(left, right, score));
      }
    }
    return halves;
  }

  private static int next(String piece, int at) {
    return piece.isEmpty() ? 0 : piece.offsetByCodePoints(at, 1);
  }
}
