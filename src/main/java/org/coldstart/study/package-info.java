/**
 * The experiment the article leaves out: what the first values of a new token's embedding row are
 * worth.
 *
 * <p>{@link org.coldstart.study.InitializationStudy} trains the same model on the same rows once
 * for each initialization; {@link org.coldstart.tools.study.RunStudy} repeats that over seeds from the
 * command line.
 */
package org.coldstart.study;
