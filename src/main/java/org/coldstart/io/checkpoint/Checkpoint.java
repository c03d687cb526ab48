package org.coldstart.io.checkpoint;

import static org.coldstart.io.files.CheckpointException.require;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.System.Logger;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.coldstart.io.config.GenerationConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.gguf.GgufFile;
import org.coldstart.io.json.JsonFiles;
import org.coldstart.io.safetensors.SafetensorsFile;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;

/**
 * A model on the disk: its configuration and its tensors, whatever the format.
 *
 * <pre>{@code
 * try (Checkpoint checkpoint = Checkpoint.open(Path.of("model"))) {
 *     System.out.println(checkpoint.config().numHiddenLayers() + " layers");
 * }
 * }</pre>
 *
 * @param generationConfig how to sample; without a {@code generation_config.json}, and from GGUF: the ids that end a
 * reply
 * @param tensors by their Hugging Face names; closed with this checkpoint
 */
public record Checkpoint(ModelConfig config, GenerationConfig generationConfig, TensorSource tensors)
    implements AutoCloseable {

  static final String CONFIG = "config.json";
  static final String GENERATION_CONFIG = "generation_config.json";
  private static final String ADAPTER = "adapter_config.json";
  static final String WEIGHTS = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  private static final Logger LOG = System.getLogger(Checkpoint.class.getName());

  /** Values compared at a time. */
  private static final int CHUNK = 1 << 20;

  /**
   * Opens a folder with {@code config.json} and {@code model.safetensors} (or its shards and index), a {@code .gguf}
   * file, or a folder with one {@code .gguf} file in it. All tensors the configuration asks for are there, in shape;
   * others are named in a warning. A save that a crash cut short is finished first, see {@link AtomicFiles#recover}.
   *
   * @throws CheckpointException if it is none of these, is damaged or incomplete, or holds a model this library cannot
   * run
   */
  public static Checkpoint open(Path folderOrGgufFile) {
    require(Files.exists(folderOrGgufFile), "There is no checkpoint %s.", folderOrGgufFile);
    if (!Files.isDirectory(folderOrGgufFile)) {
      return openGguf(folderOrGgufFile);
    }
    AtomicFiles.recover(folderOrGgufFile);
    return Files.exists(folderOrGgufFile.resolve(CONFIG)) ? openFolder(folderOrGgufFile)
        : openGguf(onlyGguf(folderOrGgufFile));
  }

  private static Checkpoint openGguf(Path path) {
    require(GgufFile.isGguf(path), "%s is neither a folder nor a GGUF file.", path);
    GgufFile file = GgufFile.open(path);
    try {
      file.tensors(); // checked here, and not when they are read
      return new Checkpoint(file.config(), file.generationConfig(), file);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static Checkpoint openFolder(Path folder) {
    Path configFile = folder.resolve(CONFIG);
    ModelConfig config = ModelConfig.fromJson(json(configFile), configFile.toString());
    GenerationConfig generationConfig = generationConfig(folder.resolve(GENERATION_CONFIG), config);
    TensorSource tensors = openWeights(folder);
    try {
      config = withItsOwnHead(config, tensors);
      config.checkTensors(tensors.tensors(), tensors.origin());
      return new Checkpoint(config, generationConfig, tensors);
    } catch (RuntimeException | Error e) {
      tensors.close();
      throw e;
    }
  }

  /** Weights that are whole can be used without this file: what is wrong in it is told, and config.json counts. */
  private static GenerationConfig generationConfig(Path file, ModelConfig config) {
    if (!Files.exists(file)) {
      return GenerationConfig.of(config.ids());
    }
    JsonObject json;
    try {
      json = json(file);
    } catch (CheckpointException e) {
      LOG.log(Level.WARNING, "{0} is not used, config.json counts instead: {1}", file, e.getMessage());
      return GenerationConfig.of(config.ids());
    }
    JsonObject ownIds = GenerationConfig.of(config.ids()).source();
    for (String key : List.copyOf(json.keySet())) {
      JsonObject one = new JsonObject();
      one.add(key, json.get(key));
      try {
        GenerationConfig.fromJson(one, file.toString());
      } catch (CheckpointException e) {
        LOG.log(Level.WARNING, "{0}; {1} is not used", e.getMessage(), key);
        json.remove(key);
        if (ownIds.has(key)) {
          json.add(key, ownIds.get(key));
        }
      }
    }
    return GenerationConfig.fromJson(json, file.toString());
  }

  private static JsonObject json(Path file) {
    return JsonFiles.read(file, CheckpointException::new);
  }

  /**
   * A head that stands in the file of a model with tied ones is the embedding once more, or it counts: transformers
   * decides likewise.
   */
  private static ModelConfig withItsOwnHead(ModelConfig config, TensorSource tensors) {
    TensorInfo head = tensors.tensors().get(ModelConfig.HEAD);
    TensorInfo embedding = tensors.tensors().get(ModelConfig.EMBEDDING);
    if (!config.tieWordEmbeddings() || head == null || embedding == null || haveEqualValues(head, embedding, tensors)) {
      return config;
    }
    LOG.log(Level.WARNING,
        "{1} and {2} differ in {0}, so they are not tied; \"tie_word_embeddings\": false silences this.",
        tensors.origin(), ModelConfig.HEAD, ModelConfig.EMBEDDING);
    JsonObject json = config.source().deepCopy();
    json.addProperty("tie_word_embeddings", false);
    return ModelConfig.fromJson(json, tensors.origin());
  }

  private static boolean haveEqualValues(TensorInfo a, TensorInfo b, TensorSource source) {
    boolean equal = a.shape().equals(b.shape());
    for (long at = 0; equal && at < a.elements(); at += CHUNK) {
      equal = values(a, at, source).equals(values(b, at, source));
    }
    return equal;
  }

  private static FloatBuffer values(TensorInfo tensor, long at, TensorSource source) {
    FloatBuffer values = FloatBuffer.allocate((int) Math.min(CHUNK, tensor.elements() - at));
    source.read(tensor.name(), at, values);
    return values.flip();
  }

  private static TensorSource openWeights(Path folder) {
    if (Files.exists(folder.resolve(WEIGHTS))) {
      return SafetensorsFile.open(folder.resolve(WEIGHTS));
    }
    require(Files.exists(folder.resolve(INDEX)),
        "%s has a %s, but neither %s nor %s; save checkpoints in PyTorch's .bin format with safetensors first.", folder,
        CONFIG, WEIGHTS, INDEX);
    return SafetensorsFile.openIndex(folder.resolve(INDEX));
  }

  private static Path onlyGguf(Path folder) {
    List<Path> found;
    try (Stream<Path> files = Files.list(folder)) {
      found = files.filter(file -> file.toString().toLowerCase(Locale.ROOT).endsWith(".gguf")).sorted().toList();
    } catch (IOException e) {
      throw new CheckpointException("Cannot list " + folder + ": " + e.getMessage(), e);
    }
    Path adapter = folder.resolve(ADAPTER);
    require(!found.isEmpty() || !Files.exists(adapter),
        "%s holds an adapter%s: load its base model and call Lora.fromPretrained(model, folder).", folder,
        Files.exists(adapter) && json(adapter).get("base_model_name_or_path") instanceof JsonPrimitive base
            ? " for " + base.getAsString()
            : "");
    require(!found.isEmpty(), "%s has neither a %s nor a .gguf file; it is no checkpoint.", folder, CONFIG);
    require(found.size() == 1, "%s has %d .gguf files; name one of them: %s.", folder, found.size(), found);
    return found.get(0);
  }

  @Override
  public void close() {
    tensors.close();
  }
}
