package org.coldstart.generate;

/**
 * A question and what a model said to it.
 *
 * @param question as it was asked
 * @param answer the reply, special tokens and blanks around it left out
 * @param ended whether the model ended the reply itself; if not, it was cut off
 */
public record Answer(String question, String answer, boolean ended) {}
