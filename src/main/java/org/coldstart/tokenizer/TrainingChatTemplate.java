package org.coldstart.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * Chat templates to train with, for models whose own leave out what is to be learnt: TRL's
 * {@code get_training_chat_template}.
 *
 * <pre>{@code
 * tokenizer.setChatTemplate(TrainingChatTemplate.of(tokenizer));
 * }</pre>
 */
public final class TrainingChatTemplate {

  private TrainingChatTemplate() {}

  /**
   * The training template of the model's family, known by its own chat template: Qwen3's, or that of DeepSeek-R1's
   * distillates. Thoughts of all turns are kept, and {@code {% generation %}} blocks say what the model writes.
   *
   * @throws IllegalArgumentException for another family
   */
  public static String of(Tokenizer tokenizer) {
    String own = tokenizer.chatTemplate().source();
    if (own.contains("<｜Assistant｜>")) {
      return read("deepseek-r1-training.jinja");
    }
    if (own.contains("<|im_start|>") && own.contains("reasoning_content")) {
      return read("qwen3-training.jinja");
    }
    throw new IllegalArgumentException("There are training templates for Qwen3 and for DeepSeek-R1's distillates; for"
        + " another model write one with {% generation %} blocks and give it to setChatTemplate.");
  }

  private static String read(String name) {
    try (InputStream file = TrainingChatTemplate.class.getResourceAsStream(name)) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
