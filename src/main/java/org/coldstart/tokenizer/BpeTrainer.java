package org.coldstart.tokenizer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.coldstart.io.tokenizer.TokenizerFiles;

/**
 * Makes a tokenizer from texts: byte-level BPE (Sennrich et al., 2016; Radford et al., 2019) with
 * the names, ids and merges of {@code BpeTrainer} in Python's tokenizers.
 *
 * <pre>{@code
 * Tokenizer tokenizer = BpeTrainer.builder().vocabSize(1024)
 *     .specialTokens("[BOT]", "[EOT]").bosToken("[BOT]").eosToken("[EOT]").build()
 *     .train(texts);
 * }</pre>
 *
 * <p>The special tokens have the first ids, then come the 256 bytes, then what is merged most often
 * from pairs of these. Every text can be expressed, so there is no unknown token.
 *
 * @param vocabSize the tokens wanted, in all; fewer if the texts hold no further pair
 * @param minFrequency how often a pair must occur in the texts to become a token
 * @param specialTokens in the order of their ids
 * @param bosToken one of these, put in front of every text; null for none
 * @param eosToken one of these, which ends a text or a reply; null for none
 */
public record BpeTrainer(
    int vocabSize, int minFrequency, List<String> specialTokens, String bosToken, String eosToken) {

  /** Checks that the vocabulary has room and the tokens with a role are there. */
  public BpeTrainer {
    specialTokens = List.copyOf(specialTokens);
    if (new HashSet<>(specialTokens).size() < specialTokens.size() || specialTokens.contains("")) {
      throw new IllegalArgumentException(
          "Special tokens must differ and not be empty: " + specialTokens + ".");
    }
    int least = specialTokens.size() + 256;
    if (vocabSize < least) {
      throw new IllegalArgumentException(
          "vocabSize must be at least %d (256 bytes and the special tokens), not %d."
              .formatted(least, vocabSize));
    }
    for (String token : new String[] {bosToken, eosToken}) {
      if (token != null && !specialTokens.contains(token)) {
        throw new IllegalArgumentException(
            "\"%s\" is not among the special tokens %s: name it in specialTokens(…), too."
                .formatted(token, specialTokens));
      }
    }
  }

  /** The defaults of Python's BpeTrainer: 30000 tokens, none special. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Learns the merges and builds the tokenizer; {@link Tokenizer#save} writes it for Python.
   *
   * @param texts are looked at one by one: no token reaches from one into the next
   * @throws IllegalArgumentException if there is no text
   */
  public Tokenizer train(Iterable<String> texts) {
    BpeMerges bpe = BpeMerges.learn(texts, specialTokens, vocabSize, minFrequency);
    return new Tokenizer(
        TokenizerFiles.byteLevelBpe(bpe.tokens(), bpe.merges(), specialTokens, bosToken, eosToken));
  }

  /** Collects the settings of a {@link BpeTrainer}. */
  public static final class Builder {
    private int vocabSize = 30000;
    private int minFrequency = 0;
    private final List<String> specialTokens = new ArrayList<>();
    private String bosToken;
    private String eosToken;

    private Builder() {}

    /** The tokens wanted; default 30000. */
    public Builder vocabSize(int value) {
      vocabSize = value;
      return this;
    }

    /** How often a pair must occur; default 0, that is once. */
    public Builder minFrequency(int value) {
      minFrequency = value;
      return this;
    }

    /** Special tokens, such as {@code [BOT]}; default none. */
    public Builder specialTokens(String... tokens) {
      specialTokens.addAll(List.of(tokens));
      return this;
    }

    /** The special token in front of every text; default none. */
    public Builder bosToken(String token) {
      bosToken = token;
      return this;
    }

    /** The special token that ends a text; default none. */
    public Builder eosToken(String token) {
      eosToken = token;
      return this;
    }

    /**
     * The trainer.
     *
     * @throws IllegalArgumentException if a setting makes no sense, naming it
     */
    public BpeTrainer build() {
      return new BpeTrainer(vocabSize, minFrequency, specialTokens, bosToken, eosToken);
    }
  }
}
