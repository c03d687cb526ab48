package org.coldstart.generate;

/** A conversation has no room left for another reply; the message begins with the closing words. */
public final class ConversationTooLongException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  ConversationTooLongException(int tokens, int limit) {
    super(ReasoningChat.CLOSING_MESSAGE + ": with its next reply the conversation would have at least " + tokens
        + " tokens, and no more than " + limit + " fit; begin anew with reset(), or ask less.");
  }
}
