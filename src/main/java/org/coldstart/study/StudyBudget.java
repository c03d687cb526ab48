package org.coldstart.study;

import org.coldstart.model.Precision;

/**
 * What every run of a study may spend; the same for all initializations.
 *
 * @param steps optimizer steps
 * @param rowsPerStep training rows in each
 * @param learningRate the highest rate
 * @param evalRows held-out rows the loss is watched on, four times a run
 * @param prompts held-out prompts answered afterwards
 * @param maxNewTokens tokens after which an answer that has not ended is cut off
 * @param precision of training
 */
public record StudyBudget(int steps, int rowsPerStep, double learningRate, int evalRows, int prompts, int maxNewTokens,
    Precision precision) {}
