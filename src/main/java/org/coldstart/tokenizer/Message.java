package org.coldstart.tokenizer;

/** One turn of a conversation. Stands in until the template engine's own comes in. */
public record Message(String role, String content) {}
