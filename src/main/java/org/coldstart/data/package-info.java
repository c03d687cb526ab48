/**
 * From files to batches: {@link org.coldstart.data.DataSet} reads rows, {@link
 * org.coldstart.data.SampleFormatter} sees conversations, prompts with completions or texts in them,
 * {@link org.coldstart.data.ExampleBuilder} makes ids and masks, {@link org.coldstart.data.LossOn}
 * says which tokens are learnt, {@link org.coldstart.data.Batches} puts examples together.
 */
package org.coldstart.data;
