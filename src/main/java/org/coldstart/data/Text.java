package org.coldstart.data;

/**
 * A row of plain text; no chat template is used. As in TRL it begins with the tokenizer's BOS, if that puts one in
 * front of texts, and ends with its EOS; neither is doubled where the text has it.
 *
 * @param prompt what the model is given; may be empty
 * @param completion what it is to write
 */
public record Text(String prompt, String completion) implements Sample {

  /** A text that is all to be written. */
  public static Text of(String text) {
    return new Text("", text);
  }
}
