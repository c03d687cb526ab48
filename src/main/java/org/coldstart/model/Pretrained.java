package org.coldstart.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.coldstart.io.config.GenerationConfig;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointFiles;
import org.coldstart.tokenizer.DefaultChatTemplate;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A whole checkpoint, in and out: model, tokenizer and model card, as other tools expect them.
 *
 * <pre>{@code
 * ModelAndTokenizer base = Pretrained.load("Qwen/Qwen3-0.6B-Base");
 * // training
 * Pretrained.save(Path.of("model/final_model"), base.model(), base.tokenizer());
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

  /**
   * Loads a model and its tokenizer, ready to talk: a tokenizer without chat template gets the
   * {@link DefaultChatTemplate}, and one without pad token takes its EOS for that.
   *
   * @param nameOrPath as {@link CausalLm#fromPretrained(String)} takes it
   * @throws IllegalStateException if the tokenizer has neither a template nor a token that could
   *     end a reply
   */
  public static ModelAndTokenizer load(String nameOrPath) {
    Tokenizer tokenizer = Tokenizer.fromPretrained(nameOrPath);
    try {
      DefaultChatTemplate.giveIfMissing(tokenizer);
      return new ModelAndTokenizer(CausalLm.fromPretrained(nameOrPath), tokenizer);
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** Saves the weights as they are in memory, without a model card. */
  public static void save(Path folder, CausalLm model, Tokenizer tokenizer) {
    save(folder, model, tokenizer, SaveOptions.defaults(), Optional.empty());
  }

  /**
   * Saves everything. The end tokens in {@code generation_config.json} are the model's and the
   * tokenizer's EOS.
   *
   * @param card the text of README.md; without one a README.md that is there stays
   * @throws IllegalArgumentException if the tokenizer has ids without a row in the model's matrix
   * @throws org.coldstart.io.files.CheckpointException if it cannot be written; the folder is
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
          model.savePretrained(aside, options, endingAlsoAtEos(model, tokenizer));
          tokenizer.save(aside);
          if (card.isPresent()) {
            Files.writeString(aside.resolve(CARD), card.get());
          }
        });
  }

  /** Replies end at the tokenizer's EOS here, so they shall in what is saved. */
  private static GenerationConfig endingAlsoAtEos(CausalLm model, Tokenizer tokenizer) {
    GenerationConfig config = model.generationConfig();
    OptionalInt eos = tokenizer.eosTokenId();
    return eos.isPresent() ? config.withEosToken(eos.getAsInt()) : config;
  }
}
