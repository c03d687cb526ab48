package org.coldstart.tokenizer;

import java.util.HashSet;
import java.util.List;
import org.coldstart.io.tokenizer.TokenizerFiles;

/**
 * Makes a tokenizer from texts: byte-level BPE (Sennrich et al., 2016; Radford et al., 2019) with the names, ids and
 * merges of {@code BpeTrainer} in Python's tokenizers.
 *
 * <pre>{@code
 * Tokenizer tokenizer = new BpeTrainer().vocabSize(1024)
 *     .specialTokens("[BOT]", "[EOT]").bosToken("[BOT]").eosToken("[EOT]")
 *     .train(texts);
 * }</pre>
 *
 * <p>
 * The special tokens have the first ids, then come the 256 bytes, so that every text can be expressed, then the merges.
 */
public final class BpeTrainer {
  private int vocabSize = 30000;
  private int minFrequency;
  private List<String> specialTokens = List.of();
  private String bosToken;
  private String eosToken;

  /** The tokens wanted, in all; fewer come if the texts hold no further pair; default 30000. */
  public BpeTrainer vocabSize(int value) {
    vocabSize = value;
    return this;
  }

  /** How often a pair must occur in the texts to become a token; default once. */
  public BpeTrainer minFrequency(int value) {
    minFrequency = value;
    return this;
  }

  /** Special tokens in the order of their ids, such as {@code [BOT]}; default none. */
  public BpeTrainer specialTokens(String... tokens) {
    specialTokens = List.of(tokens);
    return this;
  }

  /** The special token in front of every text; default none. */
  public BpeTrainer bosToken(String token) {
    bosToken = token;
    return this;
  }

  /** The special token that ends a text or a reply; default none. */
  public BpeTrainer eosToken(String token) {
    eosToken = token;
    return this;
  }

  /**
   * Learns the merges and builds the tokenizer; {@link Tokenizer#save} writes it for Python.
   *
   * @param texts are looked at one by one: no token reaches from one into the next
   * @throws IllegalArgumentException if there is no text, or a setting makes no sense
   */
  public Tokenizer train(Iterable<String> texts) {
    check();
    BpeMerges bpe = BpeMerges.learn(texts, specialTokens, vocabSize, minFrequency);
    return new Tokenizer(TokenizerFiles.byteLevelBpe(bpe.tokens(), bpe.merges(), specialTokens, bosToken, eosToken));
  }

  private void check() {
    if (new HashSet<>(specialTokens).size() < specialTokens.size() || specialTokens.contains("")) {
      throw new IllegalArgumentException("Special tokens must differ and not be empty: " + specialTokens + ".");
    }
    int least = specialTokens.size() + 256;
    if (vocabSize < least) {
      throw new IllegalArgumentException(
          "vocabSize must be at least %d (256 bytes and the special tokens), not %d.".formatted(least, vocabSize));
    }
    for (String token : new String[] {bosToken, eosToken}) {
      if (token != null && !specialTokens.contains(token)) {
        throw new IllegalArgumentException(
            "\"%s\" must be named in specialTokens(…), too; these are %s.".formatted(token, specialTokens));
      }
    }
  }
}
