package org.coldstart.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.coldstart.checkpoint.AtomicFiles;
import org.coldstart.checkpoint.CheckpointFiles;
import org.coldstart.checkpoint.SaveOptions;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A whole checkpoint in one folder: model, tokenizer and model card, as other tools expect it.
 *
 * <pre>{@code
 * Pretrained.save(Path.of("model/final_model"), model, tokenizer);
 * }</pre>
 *
 * <p>The folder then has {@code config.json}, {@code generation_config.json}, the weights, {@code
 * tokenizer.json}, {@code tokenizer_config.json}, {@code special_tokens_map.json}, and {@code
 * chat_template.jinja} and {@code README.md} where there is a template and a card. {@link
 * CausalLm#savePretrained} and {@link Tokenizer#save} write the parts one by one; here they come
 * together, so that at any moment, {@code kill -9} included, the folder is the old checkpoint or
 * the new one, and never the tokenizer of one and the matrix of the other. How, says {@link
 * AtomicFiles#writeFolder}.
 */
public final class Pretrained {
  private static final String CARD = "README.md";

  private Pretrained() {}

  /** Saves the weights as they are in memory, without a model card. */
  public static void save(Path folder, CausalLm model, Tokenizer tokenizer) {
    save(folder, model, tokenizer, SaveOptions.defaults(), Optional.empty());
  }

  /**
   * Saves everything.
   *
   * @param card the text of README.md; without one a README.md that is there stays
   * @throws IllegalArgumentException if the tokenizer has ids without a row in the model's matrix
   * @throws org.coldstart.checkpoint.CheckpointException if it cannot be written; the folder is
   *     then as before
   */
  public static void save(
      Path folder,
      CausalLm model,
      Tokenizer tokenizer,
      SaveOptions options,
      Optional<String> card) {
    model.checkFits(tokenizer);
    AtomicFiles.writeFolder(
        folder,
        name -> CheckpointFiles.isWeights(name) || CheckpointFiles.isTokenizer(name),
        aside -> {
          model.savePretrained(aside, options);
          tokenizer.save(aside);
          if (card.isPresent()) {
            Files.writeString(aside.resolve(CARD), card.get());
          }
        });
  }
}
