package org.coldstart.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.gguf.GgufWriter;
import org.coldstart.io.tokenizer.GgufVocabulary;
import org.coldstart.tokenizer.Modelfile;
import org.coldstart.tokenizer.Tokenizer;

/**
 * Takes a model to llama.cpp and what is built on it (Ollama, LM Studio): one file with weights, configuration,
 * tokenizer and chat template.
 *
 * <pre>{@code
 * Gguf.save(model, tokenizer, Path.of("out/think-Q8_0.gguf"), GgufType.Q8_0);
 * }</pre>
 *
 * <p>
 * {@link CausalLm#fromPretrained} and {@link Tokenizer#fromPretrained} read it back.
 */
public final class Gguf {
  private Gguf() {}

  /**
   * Writes the file and, beside it, Ollama's {@code Modelfile} that names it. Both are there in full, or what was there
   * before is. An attached adapter is merged in what is written, not in memory.
   *
   * @throws IllegalArgumentException if the tokenizer has ids without a row in the model's matrix
   * @throws org.coldstart.io.files.CheckpointException if llama.cpp knows no such model, or the file cannot be written
   * @throws org.coldstart.io.tokenizer.TokenizerException if llama.cpp would split text otherwise
   */
  public static void save(CausalLm model, Tokenizer tokenizer, Path file, GgufType type) {
    model.checkFits(tokenizer);
    String name = file.getFileName().toString();
    List<Integer> ends = Stream
      .concat(tokenizer.eosTokenId().stream().boxed(), model.generationConfig().eosTokenIds().stream())
      .distinct()
      .toList();
    Map<String, Object> further = new LinkedHashMap<>();
    further.put("general.name", name.replaceFirst("\\.gguf$", ""));
    further
      .putAll(GgufVocabulary.of(tokenizer.files(), model.config().vocabSize(), tokenizer.encode("").ids(), ends));
    String modelfile = Modelfile.of(tokenizer, name, ends);
    AtomicFiles.writeFolder(file.toAbsolutePath().getParent(), aside -> {
      synchronized (model) {
        MergedWeights weights = new MergedWeights(model.weights(), model.decoder().linears());
        GgufWriter.write(aside.resolve(name), model.config(), weights, type.stored(), further);
      }
      Files.writeString(aside.resolve("Modelfile"), modelfile);
    });
  }
}
