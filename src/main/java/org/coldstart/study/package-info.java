/**
 * The experiment the article leaves out: what the first values of a new token's embedding row are
 * worth.
 *
 * <p>{@link org.coldstart.study.InitializationStudy} trains the same model on the same rows once
 * for each way of starting; the tool {@code RunStudy} repeats that over seeds from the
 * command line.
 */
package org.coldstart.study;
