/**
 * From files to batches: {@link org.coldstart.data.DataSet} reads rows, {@link org.coldstart.data.SampleFormatter}
 * reads conversations, prompts with completions or texts out of them, {@link org.coldstart.data.ExampleBuilder} makes
 * token ids and loss masks, {@link org.coldstart.data.LossOn} says which tokens carry loss,
 * {@link org.coldstart.data.Batches} groups examples.
 */
package org.coldstart.data;
