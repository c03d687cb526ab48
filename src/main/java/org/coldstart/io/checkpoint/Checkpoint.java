package org.coldstart.io.checkpoint;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.JsonFiles;

/**
 * A model on the disk: its configuration and its tensors, whatever the format.
 *
 * <pre>{@code
 * try (Checkpoint checkpoint = Checkpoint.open(Path.of("model"))) {
 *     System.out.println(checkpoint.config().numHiddenLayers() + " layers");
 * }
 * }</pre>
 */
public final class Checkpoint implements AutoCloseable {
  static final String CONFIG = "config.json";
  static final String GENERATION_CONFIG = "generation_config.json";
  static final String WEIGHTS = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";
  static final String EMBEDDING = "model.embed_tokens.weight";
  static final String HEAD = "lm_head.weight";

  private static final Logger LOG = System.getLogger(Checkpoint.class.getName());

  private final Path path;
  private final ModelConfig config;
  private final GenerationConfig generationConfig;
  private final TensorSource tensors;

  private Checkpoint(
      Path path, ModelConfig config, GenerationConfig generationConfig, TensorSource tensors) {
    this.path = path;
    this.config = config;
    this.generationConfig = generationConfig;
    this.tensors = tensors;
  }

  /**
   * Opens a folder with {@code config.json} and {@code model.safetensors} (or its shards and
   * index), a {@code .gguf} file, or a folder with one {@code .gguf} file in it. All tensors the
   * configuration asks for are there, in shape; others are named in a warning. A save that a crash
   * cut short is finished first, see {@link AtomicFiles#recover}.
   *
   * @throws CheckpointException if it is none of these, is damaged or incomplete, or holds a model
   *     this library cannot run
   */
  public static Checkpoint open(Path folderOrGgufFile) {
    if (!Files.exists(folderOrGgufFile)) {
      throw new CheckpointException("There is no checkpoint " + folderOrGgufFile + ".");
    }
    if (!Files.isDirectory(folderOrGgufFile)) {
      return openGguf(folderOrGgufFile);
    }
    AtomicFiles.recover(folderOrGgufFile);
    if (Files.exists(folderOrGgufFile.resolve(CONFIG))) {
      return openFolder(folderOrGgufFile);
    }
    return openGguf(onlyGguf(folderOrGgufFile));
  }

  private static Checkpoint openGguf(Path path) {
    if (!isGguf(path)) {
      throw new CheckpointException(path + " is neither a folder nor a .gguf file.");
    }
    GgufFile file = GgufFile.open(path);
    try {
      ModelConfig config = file.config();
      file.tensors();
      return new Checkpoint(path, config, GgufConfig.generationConfig(file.metadata()), file);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static Checkpoint openFolder(Path folder) {
    Path configFile = folder.resolve(CONFIG);
    ModelConfig config =
        ModelConfig.fromJson(
            JsonFiles.read(configFile, CheckpointException::new), configFile.toString());
    Path generationFile = folder.resolve(GENERATION_CONFIG);
    GenerationConfig generationConfig =
        Files.exists(generationFile)
            ? GenerationConfig.fromJson(
                JsonFiles.read(generationFile, CheckpointException::new), generationFile.toString())
            : null;
    TensorSource tensors = openWeights(folder);
    try {
      config = withItsOwnHead(config, tensors);
      TensorCheck.check(config, tensors.tensors(), tensors.origin());
      return new Checkpoint(folder, config, generationConfig, tensors);
    } catch (RuntimeException | Error e) {
      tensors.close();
      throw e;
    }
  }

  /**
   * A head that stands in the file of a model with tied ones is the embedding once more, or it
   * counts: transformers decides likewise.
   */
  private static ModelConfig withItsOwnHead(ModelConfig config, TensorSource tensors) {
    TensorInfo head = tensors.tensors().get(HEAD);
    TensorInfo embedding = tensors.tensors().get(EMBEDDING);
    if (!config.tieWordEmbeddings()
        || head == null
        || embedding == null
        || TensorEquality.in(tensors, head, embedding)) {
      return config;
    }
    LOG.log(
        Level.WARNING,
        "The configuration of {0} ties {1} to {2}, but they differ there, so they stay apart. Say"
            + " \"tie_word_embeddings\": false to silence this.",
        tensors.origin(),
        HEAD,
        EMBEDDING);
    JsonObject json = config.source().deepCopy();
    json.addProperty("tie_word_embeddings", false);
    return ModelConfig.fromJson(json, tensors.origin());
  }

  private static TensorSource openWeights(Path folder) {
    if (Files.exists(folder.resolve(WEIGHTS))) {
      return SafetensorsFile.open(folder.resolve(WEIGHTS));
    }
    if (Files.exists(folder.resolve(INDEX))) {
      return ShardedSafetensors.open(folder.resolve(INDEX));
    }
    throw new CheckpointException(
        folder
            + " has a "
            + CONFIG
            + ", but neither "
            + WEIGHTS
            + " nor "
            + INDEX
            + ". Checkpoints in PyTorch's .bin format are not read; save them with safetensors"
            + " first.");
  }

  private static Path onlyGguf(Path folder) {
    List<Path> found =
        list(folder).stream().filter(Checkpoint::isGguf).sorted().collect(Collectors.toList());
    if (found.size() != 1) {
      throw new CheckpointException(
          found.isEmpty()
              ? folder + " has neither a " + CONFIG + " nor a .gguf file; it is no checkpoint."
              : folder + " has " + found.size() + " .gguf files; name one of them: " + found + ".");
    }
    return found.get(0);
  }

  private static List<Path> list(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.collect(Collectors.toList());
    } catch (IOException e) {
      throw new CheckpointException("Cannot list " + folder + ": " + e.getMessage(), e);
    }
  }

  private static boolean isGguf(Path path) {
    return path.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".gguf");
  }

  /** The folder or the GGUF file. */
  public Path path() {
    return path;
  }

  public ModelConfig config() {
    return config;
  }

  /**
   * How to sample; empty when a folder has no {@code generation_config.json}. From GGUF: the ids
   * that end a reply.
   */
  public Optional<GenerationConfig> generationConfig() {
    return Optional.ofNullable(generationConfig);
  }

  /** The tensors under their Hugging Face names; closed with this checkpoint. */
  public TensorSource tensors() {
    return tensors;
  }

  /** The metadata, tokenizer included, when the checkpoint is a GGUF file. */
  public Optional<GgufMetadata> gguf() {
    return tensors instanceof GgufFile file ? Optional.of(file.metadata()) : Optional.empty();
  }

  @Override
  public void close() {
    tensors.close();
  }
}
