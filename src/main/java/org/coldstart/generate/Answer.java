package org.coldstart.generate;

/**
 * A question and a model's answer to it.
 *
 * @param question the user's message
 * @param answer the reply without special tokens and the spaces around it
 * @param ended whether the model ended the reply itself; if not, it was cut off
 */
public record Answer(String question, String answer, boolean ended) {}
