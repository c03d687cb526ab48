package org.coldstart.tokenizer;

/**
 * One tokenizer's native instances, which differ in what they recognise in a text: all tokens, all
 * but the special ones, or the ordinary vocabulary only. The latter two are built when first
 * wanted. Not safe for threads; {@link Tokenizer} locks.
 */
final class NativeTokenizers implements AutoCloseable {
  private TokenizerJson json;
  private NativeTokenizer all;
  private NativeTokenizer withoutSpecial;
  private NativeTokenizer vocabularyOnly;

  NativeTokenizers(TokenizerJson json) {
    this.json = json;
    this.all = NativeTokenizer.build(json.json(), json.origin());
  }

  /**
   * Takes another set of added tokens. The new instance is built before the old one is given up, so
   * that a failure changes nothing.
   */
  void replace(TokenizerJson changed) {
    NativeTokenizer next = NativeTokenizer.build(changed.json(), changed.origin());
    all.close();
    all = next;
    json = changed;
    if (withoutSpecial != null) {
      withoutSpecial.close();
      withoutSpecial = null;
    }
  }

  NativeTokenizer all() {
    return all;
  }

  /** Whether {@link #withoutSpecial()} is there already, so that calling it changes nothing. */
  boolean hasWithoutSpecial() {
    return withoutSpecial != null;
  }

  NativeTokenizer withoutSpecial() {
    if (withoutSpecial == null) {
      withoutSpecial = NativeTokenizer.build(json.withoutSpecialTokens(), json.origin());
    }
    return withoutSpecial;
  }

  /** Stays when tokens are added: the ordinary vocabulary does not change. */
  NativeTokenizer vocabularyOnly() {
    if (vocabularyOnly == null) {
      vocabularyOnly = NativeTokenizer.build(json.withoutAddedTokens(), json.origin());
    }
    return vocabularyOnly;
  }

  @Override
  public void close() {
    all.close();
    if (withoutSpecial != null) {
      withoutSpecial.close();
    }
    if (vocabularyOnly != null) {
      vocabularyOnly.close();
    }
  }
}
