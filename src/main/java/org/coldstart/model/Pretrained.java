package org.coldstart.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.coldstart.io.config.GenerationConfig;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointFiles;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A whole checkpoint: a model and its tokenizer, loaded and saved together with a model card.
 *
 * <pre>{@code
 * Pretrained base = Pretrained.load("Qwen/Qwen3-0.6B-Base");
 * // training
 * Pretrained.save(Path.of("model/final_model"), base.model(), base.tokenizer());
 * }</pre>
 *
 * @param model the weights
 * @param tokenizer with a chat template, and with a pad token if it has an EOS
 */
public record Pretrained(CausalLm model, Tokenizer tokenizer) implements AutoCloseable {

  private static final String CARD = "README.md";

  /**
   * Loads a model and its tokenizer, which takes its EOS for pad token if it has none.
   *
   * @param nameOrPath as {@link CausalLm#fromPretrained(String)} takes it
   */
  public static Pretrained load(String nameOrPath) {
    Tokenizer tokenizer = Tokenizer.fromPretrained(nameOrPath);
    try {
      if (tokenizer.padToken().isEmpty()) {
        tokenizer.eosToken().ifPresent(tokenizer::setPadToken);
      }
      return new Pretrained(CausalLm.fromPretrained(nameOrPath), tokenizer);
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** Saves the weights in the type they are held in, without a model card. */
  public static void save(Path folder, CausalLm model, Tokenizer tokenizer) {
    save(folder, model, tokenizer, SaveOptions.defaults(), null);
  }

  /**
   * Saves {@code config.json}, {@code generation_config.json}, the weights, the tokenizer's files and the card. At any
   * moment, {@code kill -9} included, the folder is the old checkpoint or the new one, and never the tokenizer of one
   * and the weights of the other, see {@link AtomicFiles#writeFolder}. Generation ends at the model's end tokens and at
   * the tokenizer's EOS.
   *
   * @param card the text of README.md; null for none, a README.md that is there then stays
   * @throws IllegalArgumentException if the tokenizer has ids without a row in the model's matrix
   * @throws org.coldstart.io.files.CheckpointException if it cannot be written; the folder is then as before
   */
  public static void save(Path folder, CausalLm model, Tokenizer tokenizer, SaveOptions options, String card) {
    model.checkFits(tokenizer);
    GenerationConfig generation = model.generationConfig();
    OptionalInt eos = tokenizer.eosTokenId();
    AtomicFiles.writeFolder(folder, name -> CheckpointFiles.isWeights(name) || CheckpointFiles.isTokenizer(name),
        aside -> {
          model.savePretrained(aside, options, eos.isPresent() ? generation.withEosToken(eos.getAsInt()) : generation);
          tokenizer.save(aside);
          if (card != null) {
            Files.writeString(aside.resolve(CARD), card);
          }
        });
  }

  /** Frees both. */
  @Override
  public void close() {
    model.close();
    tokenizer.close();
  }
}
