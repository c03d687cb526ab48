package org.coldstart.io.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.io.jinja.Span;

/**
 * Text to ids and back for one set of tokens. Its native instances recognise all tokens or the
 * ordinary vocabulary only, and put a space in front of a text (Llama 2) or none; all but the first
 * are built when first wanted. Many threads may encode and decode at a time, but none after close.
 */
public final class TokenizerPool implements AutoCloseable {
  private final TokenizerJson json;
  private final NativeTokenizer all;

  /** The first itself where the model puts nothing in front of a text. */
  private NativeTokenizer withoutPrefix;

  private NativeTokenizer vocabularyOnly;

  /**
   * @throws TokenizerException if the native library refuses the file
   */
  public TokenizerPool(TokenizerJson json) {
    this.json = json;
    this.all = new NativeTokenizer(json.json(), json.origin());
  }

  /** The set of tokens. */
  public TokenizerJson json() {
    return json;
  }

  /** The tokens of a text; {@code addSpecialTokens} puts the model's BOS and EOS around it. */
  public TokenizedText encode(String text, boolean addSpecialTokens) {
    return all.encode(text, addSpecialTokens);
  }

  /**
   * The tokens of a part that continues a text: nothing is put in front of it. Added tokens split a
   * text before anything is put in front of its pieces, so what stands before the first of them can
   * be encoded apart.
   */
  public TokenizedText encodeContinuation(String text) {
    TokenizedText whole = encode(text, false);
    NativeTokenizer withoutPrefix = withoutPrefix();
    if (withoutPrefix == all) {
      return whole;
    }
    int[] ids = whole.ids();
    Vocabulary vocabulary = json.vocabulary();
    int first = 0;
    while (first < ids.length && vocabulary.added(vocabulary.text(ids[first])) == null) {
      first++;
    }
    int end = first < ids.length ? whole.offsets().get(first).start() : text.length();
    TokenizedText begin = withoutPrefix.encode(text.substring(0, end), false);
    List<Span> offsets = new ArrayList<>(begin.offsets());
    offsets.addAll(whole.offsets().subList(first, ids.length));
    IntStream rest = Arrays.stream(ids, first, ids.length);
    return new TokenizedText(IntStream.concat(Arrays.stream(begin.ids()), rest).toArray(), offsets);
  }

  /** The ids of the pieces that a text has where no added token is recognised in it. */
  public int[] subTokens(String text) {
    Vocabulary vocabulary = json.vocabulary();
    return vocabularyOnly().pieces(text).stream().mapToInt(vocabulary::requireId).toArray();
  }

  /** The text of ids, each of which must be in the vocabulary. */
  public String decode(int[] ids, boolean skipSpecialTokens) {
    IntStream.of(ids).forEach(json.vocabulary()::text); // the native library drops unknown ids
    return all.decode(ids, skipSpecialTokens);
  }

  private synchronized NativeTokenizer withoutPrefix() {
    if (withoutPrefix == null) {
      var without = json.withoutPrefix();
      withoutPrefix =
          without == json.json() ? all : new NativeTokenizer(without, json.origin());
    }
    return withoutPrefix;
  }

  private synchronized NativeTokenizer vocabularyOnly() {
    if (vocabularyOnly == null) {
      vocabularyOnly = new NativeTokenizer(json.withoutAddedTokens(), json.origin());
    }
    return vocabularyOnly;
  }

  @Override
  public synchronized void close() {
    all.close();
    if (withoutPrefix != null && withoutPrefix != all) {
      withoutPrefix.close();
    }
    if (vocabularyOnly != null) {
      vocabularyOnly.close();
    }
  }
}
