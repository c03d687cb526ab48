package org.coldstart.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Learns byte-level BPE: again and again the most frequent pair of neighbouring tokens within words
 * becomes a token; of equally frequent pairs the one with the lower ids. The order, ties included,
 * is that of Python's tokenizers, which keeps pairs in a queue and looks at a count only when its
 * pair is at the front.
 */
final class BpeMerges {

  /** GPT-2's words, each with the blank before it. */
  private static final Pattern WORDS =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
          Pattern.UNICODE_CHARACTER_CLASS);

  private record Pair(int left, int right) {}

  /** A pair with the count it had when queued, and the words in which it came about then. */
  private record Candidate(Pair pair, long count, Set<Integer> words) {
    static final Comparator<Candidate> ORDER =
        Comparator.comparingLong(Candidate::count)
            .reversed()
            .thenComparingInt(candidate -> candidate.pair.left)
            .thenComparingInt(candidate -> candidate.pair.right);
  }

  /** A word as ids, and how often the texts have it. */
  private static final class Word {
    final int[] ids;
    final long count;
    int length;

    Word(int[] ids, long count) {
      this.ids = ids;
      this.count = count;
      this.length = ids.length;
    }
  }

  private final int vocabSize;
  private final int minFrequency;
  private final List<String> tokens = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final Set<String> merges = new LinkedHashSet<>();
  private final Map<String, Long> wordCounts = new LinkedHashMap<>();
  private final List<Word> words = new ArrayList<>();
  private final Map<Pair, Long> pairCounts = new HashMap<>();
  private final Map<Pair, Set<Integer>> changed = new HashMap<>();
  private final PriorityQueue<Candidate> queue = new PriorityQueue<>(Candidate.ORDER);

  BpeMerges(List<String> specialTokens, int vocabSize, int minFrequency) {
    this.vocabSize = vocabSize;
    this.minFrequency = minFrequency;
    specialTokens.forEach(this::token);
    char[] alphabet = ByteAlphabet.characters();
    Arrays.sort(alphabet);
    for (char c : alphabet) {
      token(String.valueOf(c));
    }
  }

  /** The tokens by id. */
  List<String> tokens() {
    return Collections.unmodifiableList(tokens);
  }

  /** The merges in the order learnt, as tokenizer.json has them. */
  Set<String> merges() {
    return Collections.unmodifiableSet(merges);
  }

  /** Counts a text's words. */
  void add(String text) {
    Matcher matcher = WORDS.matcher(text);
    while (matcher.find()) {
      wordCounts.merge(ByteAlphabet.spell(matcher.group()), 1L, Long::sum);
    }
  }

  /** Merges until the vocabulary is full or no pair is left. */
  void learn() {
    if (wordCounts.isEmpty()) {
      throw new IllegalArgumentException("There is no text to train a tokenizer on.");
    }
    wordCounts.forEach(
        (word, count) ->
            words.add(
                new Word(word.chars().map(c -> token(Character.toString(c))).toArray(), count)));
    for (int at = 0; at < words.size(); at++) {
      Word word = words.get(at);
      for (int i = 0; i + 1 < word.length; i++) {
        count(new Pair(word.ids[i], word.ids[i + 1]), 1, at);
      }
    }
    enqueueChanged();
    while (tokens.size() < vocabSize && !queue.isEmpty()) {
      Candidate top = queue.remove();
      long count = pairCounts.get(top.pair);
      if (count != top.count) {
        queue.add(new Candidate(top.pair, count, top.words));
      } else if (count < Math.max(1, minFrequency)) {
        return;
      } else {
        merge(top);
      }
    }
  }

  private void merge(Candidate top) {
    String left = tokens.get(top.pair.left);
    String right = tokens.get(top.pair.right);
    int merged = token(left + right);
    String rule = left + " " + right;
    merges.remove(rule); // learnt twice, where two ways lead to one token, it counts from now on
    merges.add(rule);
    top.words.forEach(at -> mergeIn(at, top.pair, merged));
    enqueueChanged();
  }

  /** Replaces the pair in a word, from left to right, and counts the pairs that come and go. */
  private void mergeIn(int at, Pair pair, int merged) {
    Word word = words.get(at);
    int[] ids = word.ids;
    int written = 0;
    for (int i = 0; i < word.length; i++) {
      boolean found = i + 1 < word.length && ids[i] == pair.left && ids[i + 1] == pair.right;
      if (found && written > 0) {
        count(new Pair(ids[written - 1], pair.left), -1, at);
        count(new Pair(ids[written - 1], merged), 1, at);
      }
      if (found && i + 2 < word.length) {
        count(new Pair(pair.right, ids[i + 2]), -1, at);
        count(new Pair(merged, ids[i + 2]), 1, at);
      }
      ids[written++] = found ? merged : ids[i];
      i += found ? 1 : 0;
    }
    word.length = written;
  }

  private void count(Pair pair, int change, int at) {
    pairCounts.merge(pair, change * words.get(at).count, Long::sum);
    if (change > 0) {
      changed.computeIfAbsent(pair, p -> new TreeSet<>()).add(at);
    }
  }

  private void enqueueChanged() {
    changed.forEach(
        (pair, where) -> {
          long count = pairCounts.get(pair);
          if (count > 0) {
            queue.add(new Candidate(pair, count, where));
          }
        });
    changed.clear();
  }

  private int token(String text) {
    return ids.computeIfAbsent(
        text,
        added -> {
          tokens.add(added);
          return tokens.size() - 1;
        });
  }
}
