package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import com.google.gson.GsonBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.json.JsonFiles;
import org.coldstart.io.safetensors.SafetensorsFile;
import org.coldstart.io.safetensors.SafetensorsWriter;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorSource;

/** A folder with an adapter in PEFT's format. */
final class LoraFiles implements AutoCloseable {

  /** What PEFT's wrappers put in front of a module's name. */
  static final String PREFIX = "base_model.model.";

  /**
   * The names under which PEFT saves a whole embedding or head along, as it does by itself once the
   * base model was resized, and the model's names for them.
   */
  private static final Map<String, String> WHOLE_MATRICES =
      Map.of(
          PREFIX + "model.embed_tokens.weight", Decoder.EMBEDDING,
          PREFIX + "model.embed_tokens.token_adapter.base_layer.weight", Decoder.EMBEDDING,
          PREFIX + "lm_head.weight", Decoder.HEAD,
          PREFIX + "lm_head.token_adapter.base_layer.weight", Decoder.HEAD);

  private static final String CONFIG = "adapter_config.json";
  private static final String TENSORS = "adapter_model.safetensors";

  private final LoraConfig config;
  private final SafetensorsFile tensors;

  private LoraFiles(LoraConfig config, SafetensorsFile tensors) {
    this.config = config;
    this.tensors = tensors;
  }

  /**
   * Opens an adapter.
   *
   * @throws CheckpointException if files are missing or damaged, or ask for what is not implemented
   */
  static LoraFiles open(Path folder) {
    Path config = folder.resolve(CONFIG);
    if (!Files.exists(config)) {
      throw new CheckpointException(
          "There is no " + CONFIG + " in " + folder + "; it holds no adapter.");
    }
    if (!Files.exists(folder.resolve(TENSORS))
        && Files.exists(folder.resolve("adapter_model.bin"))) {
      throw new CheckpointException(
          folder
              + " holds its adapter as a pickle (adapter_model.bin), which is not read because it"
              + " may run code; load it in Python and save it with safe_serialization=True.");
    }
    LoraConfig read =
        LoraConfigFile.fromJson(JsonFiles.read(config, CheckpointException::new), config);
    return new LoraFiles(read, SafetensorsFile.open(folder.resolve(TENSORS)));
  }

  LoraConfig config() {
    return config;
  }

  /**
   * Checks that the file holds what the adapter needs on this model, and nothing else.
   *
   * @param expected the shapes of the adapter's tensors by name
   * @throws CheckpointException naming the first tensor that is missing, of another shape, or too
   *     many
   */
  void check(Map<String, long[]> expected, CausalLm model) {
    expected.forEach(this::requireShape);
    for (String name : tensors.tensors().keySet()) {
      if (WHOLE_MATRICES.containsKey(name)) {
        requireRows(name, matrix(model, name));
      } else if (!expected.containsKey(name) && !repeatsTiedRows(name, expected, model)) {
        throw new CheckpointException(
            tensors.origin()
                + " holds the tensor "
                + name
                + ", which has no place in this base model with the adapter's "
                + CONFIG
                + ": the adapter was made for another base model.");
      }
    }
  }

  private void requireShape(String name, long[] shape) {
    if (!tensors.tensors().containsKey(name)) {
      throw new CheckpointException(
          tensors.origin()
              + " lacks the tensor "
              + name
              + ", which its "
              + CONFIG
              + " asks for with this base model.");
    }
    requireShape(
        name,
        shape,
        "this base model with r = " + config.r() + " needs",
        "the adapter was made for another base model");
  }

  private void requireRows(String name, NDArray matrix) {
    requireShape(
        name,
        matrix.getShape().getShape(),
        "the model's matrix has",
        "call model.resizeTokenEmbeddings(%d) first if the adapter belongs to this base model"
            .formatted(tensors.tensor(name).shape().get(0)));
  }

  private void requireShape(String name, long[] shape, String asked, String wayOut) {
    List<Long> found = tensors.tensor(name).shape();
    List<Long> wanted = Arrays.stream(shape).boxed().toList();
    if (!found.equals(wanted)) {
      throw new CheckpointException(
          "Tensor %s of %s has shape %s, but %s %s: %s."
              .formatted(name, tensors.origin(), found, asked, wanted, wayOut));
    }
  }

  /** Where an embedding was resized, PEFT writes a tied head's rows a second time. */
  private static boolean repeatsTiedRows(
      String name, Map<String, long[]> expected, CausalLm model) {
    return model.config().tieWordEmbeddings()
        && name.equals(PREFIX + Lora.rowsName("lm_head"))
        && expected.containsKey(PREFIX + Lora.rowsName("model.embed_tokens"));
  }

  private static NDArray matrix(CausalLm model, String name) {
    return WHOLE_MATRICES.get(name).equals(Decoder.EMBEDDING)
        ? model.decoder().embedding()
        : model.decoder().headWeight();
  }

  /** Gives the model the whole matrices that PEFT saved along, if it did. */
  void fillWholeMatrices(CausalLm model) {
    for (String name : WHOLE_MATRICES.keySet()) {
      if (tensors.tensors().containsKey(name)) {
        Weights.fill(tensors, name, matrix(model, name));
      }
    }
  }

  /** Reads a tensor into the adapter. */
  NDArray load(Weights into, String name, long... shape) {
    return into.load(tensors, name, shape);
  }

  /** Reads a tensor into one that is there. */
  void fill(NDArray target, String name) {
    Weights.fill(tensors, name, target);
  }

  @Override
  public void close() {
    tensors.close();
  }

  /** Writes an adapter; see {@link Lora#savePretrained}. */
  static void write(Path folder, LoraConfig config, TensorSource tensors) {
    AtomicFiles.writeFolder(
        folder,
        aside -> {
          SafetensorsWriter.write(aside.resolve(TENSORS), tensors, StoredType.F32);
          AtomicFiles.writeString(
              aside.resolve(CONFIG),
              new GsonBuilder()
                      .setPrettyPrinting()
                      .disableHtmlEscaping()
                      .serializeNulls()
                      .create()
                      .toJson(LoraConfigFile.toJson(config))
                  + "\n");
        });
  }
}
