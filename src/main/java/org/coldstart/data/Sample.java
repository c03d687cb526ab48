package org.coldstart.data;

/**
 * A row before it becomes ids, in one of the three shapes that TRL knows: text, a conversation, or a prompt with its
 * completion.
 *
 * @see SampleFormatter
 */
public sealed interface Sample permits Text, Conversation, PromptCompletion {}
