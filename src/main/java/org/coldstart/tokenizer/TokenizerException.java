package org.coldstart.tokenizer;

/**
 * A tokenizer's files are missing, damaged or of a kind not known here; the message names the file
 * and the way out.
 */
public class TokenizerException extends RuntimeException {
  public TokenizerException(String message) {
    super(message);
  }

  public TokenizerException(String message, Throwable cause) {
    super(message, cause);
  }
}
