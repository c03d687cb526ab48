package org.coldstart.io.tokenizer;

/**
 * A tokenizer's files are missing, damaged or of a kind not known here; the message names the file and the way out.
 */
public class TokenizerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public TokenizerException(String message) {
    super(message);
  }

  public TokenizerException(String message, Throwable cause) {
    super(message, cause);
  }
}
