package org.coldstart.model;

import org.coldstart.tokenizer.Tokenizer;

/**
 * A model and the tokenizer that belongs to it, as {@link Pretrained#load} gives them.
 *
 * @param model the weights
 * @param tokenizer with a chat template, and with a pad token if it has an EOS
 */
public record ModelAndTokenizer(CausalLm model, Tokenizer tokenizer) implements AutoCloseable {

  /** Frees both. */
  @Override
  public void close() {
    model.close();
    tokenizer.close();
  }
}
