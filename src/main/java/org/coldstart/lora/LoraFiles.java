package org.coldstart.lora;

import ai.djl.ndarray.NDArray;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.SafetensorsFile;
import org.coldstart.io.safetensors.SafetensorsWriter;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.model.CausalLm;
import org.coldstart.model.TrainableTokens;
import org.coldstart.model.Weights;

/** A folder with an adapter in PEFT's format, opened; and the names of its tensors. */
record LoraFiles(LoraConfig config, SafetensorsFile tensors) implements AutoCloseable {

  private static final String CONFIG = "adapter_config.json";
  private static final String TENSORS = "adapter_model.safetensors";

  /** What PEFT's wrappers put in front of a module's name. */
  private static final String PREFIX = "base_model.model.";

  /**
   * The names under which PEFT saves a whole embedding or head along, as it does by itself once the base model was
   * resized, and whether it is the embedding.
   */
  private static final Map<String, Boolean> WHOLE_MATRICES = Map.of(PREFIX + "model.embed_tokens.weight", true,
      PREFIX + "model.embed_tokens.token_adapter.base_layer.weight", true, PREFIX + "lm_head.weight", false,
      PREFIX + "lm_head.token_adapter.base_layer.weight", false);

  static String nameOfA(String linear) {
    return PREFIX + linear + ".lora_A.weight";
  }

  static String nameOfB(String linear) {
    return PREFIX + linear + ".lora_B.weight";
  }

  /** The name of the trained rows of {@code embed_tokens} or {@code lm_head}. */
  static String nameOfTokens(String key) {
    return PREFIX + TrainableTokens.nameIn(key.equals("lm_head") ? key : "model." + key);
  }

  /** Opens an adapter, see {@link Lora#fromPretrained}. */
  static LoraFiles open(Path folder) {
    Path config = folder.resolve(CONFIG);
    if (!Files.exists(config)) {
      throw new CheckpointException("There is no " + CONFIG + " in " + folder + "; it holds no adapter.");
    }
    if (!Files.exists(folder.resolve(TENSORS)) && Files.exists(folder.resolve("adapter_model.bin"))) {
      throw new CheckpointException(folder + " holds its adapter as a pickle (adapter_model.bin), which may run code:"
          + " load it in Python and save it with safe_serialization=True.");
    }
    return new LoraFiles(LoraConfigFile.read(config), SafetensorsFile.open(folder.resolve(TENSORS)));
  }

  /** Refuses a file that lacks a tensor of these names and shapes, or holds others, naming the first. */
  void check(Map<String, long[]> expected, CausalLm model) {
    expected.forEach(this::check);
    for (String name : tensors.tensors().keySet()) {
      if (WHOLE_MATRICES.containsKey(name)) {
        checkShape(name, matrix(model, name).getShape().getShape(), "the model's matrix has",
            "call model.resizeTokenEmbeddings(%d) first if the adapter belongs to this base model"
              .formatted(tensors.tensor(name).shape().get(0)));
      } else if (!expected.containsKey(name) && !repeatsTiedRows(name, expected, model)) {
        throw new CheckpointException(
            ("%s holds the tensor %s, which has no place in this base model with the adapter's"
                + " %s: the adapter was made for another base model.")
              .formatted(tensors.origin(), name, CONFIG));
      }
    }
  }

  private void check(String name, long[] shape) {
    if (!tensors.tensors().containsKey(name)) {
      throw new CheckpointException("%s lacks the tensor %s, which its %s asks for with this base model."
        .formatted(tensors.origin(), name, CONFIG));
    }
    checkShape(name, shape, "this base model with r = " + config.r() + " needs",
        "the adapter was made for another base model");
  }

  private void checkShape(String name, long[] shape, String asked, String wayOut) {
    List<Long> found = tensors.tensor(name).shape();
    List<Long> wanted = Arrays.stream(shape).boxed().toList();
    if (!found.equals(wanted)) {
      throw new CheckpointException("Tensor %s of %s has shape %s, but %s %s: %s.".formatted(name, tensors.origin(),
          found, asked, wanted, wayOut));
    }
  }

  /** Where an embedding was resized, PEFT writes a tied head's rows a second time. */
  private static boolean repeatsTiedRows(String name, Map<String, long[]> expected, CausalLm model) {
    return model.config().tieWordEmbeddings() && name.equals(nameOfTokens("lm_head"))
        && expected.containsKey(nameOfTokens("embed_tokens"));
  }

  private static NDArray matrix(CausalLm model, String name) {
    return WHOLE_MATRICES.get(name) ? model.embedding() : model.headWeight();
  }

  /** Gives the model the whole matrices that PEFT saved along, if it did. */
  void fillWholeMatrices(CausalLm model) {
    Stream<String> given = WHOLE_MATRICES.keySet().stream().filter(tensors.tensors()::containsKey);
    given.forEach(name -> Weights.fill(tensors, name, matrix(model, name)));
  }

  /** Writes an adapter; see {@link Lora#savePretrained}. */
  static void write(Path folder, LoraConfig config, Weights tensors) {
    AtomicFiles.writeFolder(folder, aside -> {
      SafetensorsWriter.write(aside.resolve(TENSORS), tensors, StoredType.F32);
      AtomicFiles.writeString(aside.resolve(CONFIG), LoraConfigFile.toJson(config));
    });
  }

  @Override
  public void close() {
    tensors.close();
  }
}
