package org.coldstart.tokenizer;

import org.coldstart.io.jinja.Span;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Text to ids and back for one set of tokens. Its native instances differ in what they recognise in
 * a text: all tokens, all but the special ones, or the ordinary vocabulary only; and in whether
 * they put a blank in front of it. All but the first are built when first wanted.
 *
 * <p>Many threads may encode and decode at a time, but none while another replaces or closes;
 * {@link Tokenizer} sees to that.
 */
final class TokenizerPool implements AutoCloseable {
  private TokenizerJson json;
  private NativeTokenizer all;
  private NativeTokenizer vocabularyOnly;

  /** The first itself where the model puts nothing in front of a text. */
  private NativeTokenizer withoutPrefix;

  TokenizerPool(TokenizerJson json) {
    this.json = json;
    this.all = NativeTokenizer.build(json.json(), json.origin());
  }

  /**
   * Takes another set of added tokens. The new instance is built before the old one is given up, so
   * that a failure changes nothing.
   */
  void replace(TokenizerJson changed) {
    NativeTokenizer next = NativeTokenizer.build(changed.json(), changed.origin());
    closeWithoutPrefix();
    all.close();
    all = next;
    json = changed;
  }

  private void closeWithoutPrefix() {
    if (withoutPrefix != null && withoutPrefix != all) {
      withoutPrefix.close();
    }
    withoutPrefix = null;
  }

  /** See {@link Tokenizer#encode(String, boolean)}. */
  Encoding encode(String text, boolean addSpecialTokens) {
    Encoding encoding = all.encode(text, addSpecialTokens);
    return spelled(encoding.ids(), encoding);
  }

  /**
   * A part that is not a text's first, see {@link Tokenizer#encodePart}. Added tokens part a text
   * before anything is put in front of its pieces, so what stands before the first of them can be
   * encoded apart.
   */
  Encoding encodeContinuation(String text) {
    Encoding whole = encode(text, false);
    if (withoutPrefix() == all) {
      return whole;
    }
    int first = 0;
    while (first < whole.size() && json.addedToken(whole.tokens().get(first)) == null) {
      first++;
    }
    int end = first < whole.size() ? whole.offsets().get(first).start() : text.length();
    Encoding begin = withoutPrefix().encode(text.substring(0, end), false);
    int[] ids = Arrays.copyOf(begin.ids(), begin.size() + whole.size() - first);
    System.arraycopy(whole.ids(), first, ids, begin.size(), whole.size() - first);
    List<Span> offsets = new ArrayList<>(begin.offsets());
    offsets.addAll(whole.offsets().subList(first, whole.size()));
    return new Encoding(ids, IntStream.of(ids).mapToObj(json::text).toList(), offsets);
  }

  private Encoding spelled(int[] ids, Encoding encoding) {
    List<String> tokens = IntStream.of(ids).mapToObj(json::text).toList();
    return new Encoding(ids, tokens, encoding.offsets());
  }

  /** See {@link Tokenizer#subTokens}. */
  int[] subTokens(String text) {
    List<String> pieces = vocabularyOnly().encode(text, false).tokens();
    return pieces.stream().mapToInt(json::requireId).toArray();
  }

  /** See {@link Tokenizer#decode(int[], boolean)}. */
  String decode(int[] ids, boolean skipSpecialTokens) {
    IntStream.of(ids).forEach(json::text); // the native library drops ids that it does not know
    return all.decode(ids, skipSpecialTokens);
  }

  private synchronized NativeTokenizer withoutPrefix() {
    if (withoutPrefix == null) {
      JsonObject without = json.withoutPrefix();
      withoutPrefix = without == json.json() ? all : NativeTokenizer.build(without, json.origin());
    }
    return withoutPrefix;
  }

  /** Stays when tokens are added: the ordinary vocabulary does not change. */
  private synchronized NativeTokenizer vocabularyOnly() {
    if (vocabularyOnly == null) {
      vocabularyOnly = NativeTokenizer.build(json.withoutAddedTokens(), json.origin());
    }
    return vocabularyOnly;
  }

  @Override
  public void close() {
    closeWithoutPrefix();
    all.close();
    if (vocabularyOnly != null) {
      vocabularyOnly.close();
    }
  }
}
