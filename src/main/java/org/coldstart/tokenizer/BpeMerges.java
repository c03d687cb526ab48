package org.coldstart.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.coldstart.io.tokenizer.ByteLevel;

/**
 * Byte-level BPE (Sennrich et al., 2016): count the pairs of neighbouring tokens within words, make the most frequent
 * pair a token, replace it in all words, repeat. Of equally frequent pairs the one with the lower ids comes first. As
 * in Python's tokenizers, pairs wait in a queue, and a pair's count is updated only when it is at the front.
 */
final class BpeMerges {

  /** GPT-2's words, each with the space before it. */
  private static final Pattern WORDS = Pattern.compile(
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
      Pattern.UNICODE_CHARACTER_CLASS);

  private record Pair(int left, int right) {}

  /** A pair, its count when it was queued, and the words that got it since it was queued before. */
  private record Candidate(Pair pair, long count, Set<Integer> words) {
    static final Comparator<Candidate> ORDER = Comparator.comparingLong((Candidate c) -> -c.count)
      .thenComparingInt(c -> c.pair.left)
      .thenComparingInt(c -> c.pair.right);
  }

  private final List<String> tokens = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final Set<String> merges = new LinkedHashSet<>();

  /** The words of the texts as ids, and how often each occurs. */
  private final List<int[]> words = new ArrayList<>();

  private final List<Long> wordCounts = new ArrayList<>();
  private final Map<Pair, Long> pairCounts = new HashMap<>();
  private final Map<Pair, Set<Integer>> notQueued = new HashMap<>();
  private final PriorityQueue<Candidate> queue = new PriorityQueue<>(Candidate.ORDER);

  private BpeMerges() {}

  /** Learns from texts until the vocabulary is full or no pair is frequent enough. */
  static BpeMerges learn(Iterable<String> texts, List<String> specialTokens, int vocabSize, int minFrequency) {
    BpeMerges bpe = new BpeMerges();
    specialTokens.forEach(bpe::token);
    ByteLevel.CHARACTERS.chars().sorted().mapToObj(Character::toString).forEach(bpe::token);
    bpe.countPairs(texts);
    bpe.mergePairs(vocabSize, Math.max(1, minFrequency));
    return bpe;
  }

  /** The tokens by id: the special ones, the bytes, the merged ones. */
  List<String> tokens() {
    return List.copyOf(tokens);
  }

  /** The merges in the order learnt, as tokenizer.json has them: {@code Ġt he}. */
  List<String> merges() {
    return List.copyOf(merges);
  }

  private void countPairs(Iterable<String> texts) {
    Map<String, Long> counts = new LinkedHashMap<>();
    for (String text : texts) {
      WORDS.matcher(text).results().forEach(w -> counts.merge(ByteLevel.spell(w.group()), 1L, Long::sum));
    }
    if (counts.isEmpty()) {
      throw new IllegalArgumentException("There is no text to train a tokenizer on.");
    }
    counts.forEach((word, count) -> {
      int[] letters = word.chars().map(c -> token(Character.toString(c))).toArray();
      words.add(letters);
      wordCounts.add(count);
      for (int i = 0; i + 1 < letters.length; i++) {
        count(new Pair(letters[i], letters[i + 1]), 1, words.size() - 1);
      }
    });
    enqueue();
  }

  private void mergePairs(int vocabSize, int minFrequency) {
    while (tokens.size() < vocabSize && !queue.isEmpty()) {
      Candidate top = queue.remove();
      long count = pairCounts.get(top.pair);
      if (count != top.count) {
        queue.add(new Candidate(top.pair, count, top.words));
      } else if (count < minFrequency) {
        return;
      } else {
        merge(top.pair, top.words);
      }
    }
  }

  private void merge(Pair pair, Set<Integer> where) {
    String left = tokens.get(pair.left);
    String right = tokens.get(pair.right);
    int merged = token(left + right);
    String rule = left + " " + right;
    merges.remove(rule); // learnt twice, where two ways lead to one token, it counts from now on
    merges.add(rule);
    where.forEach(at -> words.set(at, replaced(words.get(at), pair, merged, at)));
    enqueue();
  }

  /** A word with the pair replaced, from left to right; counts the pairs that come and go. */
  private int[] replaced(int[] word, Pair pair, int merged, int at) {
    int[] replaced = new int[word.length];
    int length = 0;
    for (int i = 0; i < word.length; i++) {
      boolean found = i + 1 < word.length && word[i] == pair.left && word[i + 1] == pair.right;
      if (found && length > 0) {
        count(new Pair(replaced[length - 1], pair.left), -1, at);
        count(new Pair(replaced[length - 1], merged), 1, at);
      }
      if (found && i + 2 < word.length) {
        count(new Pair(pair.right, word[i + 2]), -1, at);
        count(new Pair(merged, word[i + 2]), 1, at);
      }
      replaced[length++] = found ? merged : word[i];
      i += found ? 1 : 0;
    }
    return Arrays.copyOf(replaced, length);
  }

  private void count(Pair pair, int change, int word) {
    pairCounts.merge(pair, change * wordCounts.get(word), Long::sum);
    if (change > 0) {
      notQueued.computeIfAbsent(pair, p -> new TreeSet<>()).add(word);
    }
  }

  private void enqueue() {
    notQueued.forEach((pair, where) -> {
      long count = pairCounts.get(pair);
      if (count > 0) {
        queue.add(new Candidate(pair, count, where));
      }
    });
    notQueued.clear();
  }

  private int token(String text) {
    return ids.computeIfAbsent(text, added -> {
      tokens.add(added);
      return tokens.size() - 1;
    });
  }
}
