package org.coldstart.tokenizer;

import java.util.List;
import java.util.Map;

/** Stands in until the template engine comes in. */
public final class ChatTemplate {
    private ChatTemplate() {}

    static ChatTemplate parse(String source) {
        throw new TemplateException("no template engine yet");
    }

    String render(List<Message> messages, boolean addGenerationPrompt, Map<String, ?> variables) {
        throw new TemplateException("no template engine yet");
    }
}
