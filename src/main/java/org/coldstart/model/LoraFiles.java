package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import com.google.gson.GsonBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.coldstart.checkpoint.AtomicFiles;
import org.coldstart.checkpoint.CheckpointException;
import org.coldstart.checkpoint.DType;
import org.coldstart.checkpoint.SafetensorsFile;
import org.coldstart.checkpoint.SafetensorsWriter;
import org.coldstart.checkpoint.TensorSource;
import org.coldstart.json.JsonFiles;

/** A folder with an adapter in PEFT's format. */
final class LoraFiles implements AutoCloseable {

  /** What PEFT's wrappers put in front of a module's name. */
  static final String PREFIX = "base_model.model.";

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

  /** Reads a tensor of the shape that the model asks for into the adapter. */
  NDArray load(Weights into, String name, long... shape) {
    check(name, shape);
    return into.load(tensors, name, shape);
  }

  /** Reads a tensor into one that is there. */
  void fill(NDArray target, String name) {
    check(name, target.getShape().getShape());
    Weights.copy(tensors, name, target);
  }

  private void check(String name, long... shape) {
    if (!tensors.tensors().containsKey(name)) {
      throw new CheckpointException(
          tensors.origin()
              + " lacks the tensor "
              + name
              + ", which its "
              + CONFIG
              + " asks for with this base model.");
    }
    List<Long> found = tensors.tensor(name).shape();
    List<Long> wanted = Arrays.stream(shape).boxed().toList();
    if (!found.equals(wanted)) {
      throw new CheckpointException(
          "Tensor "
              + name
              + " of "
              + tensors.origin()
              + " has shape "
              + found
              + ", but this base model with r = "
              + config.r()
              + " needs "
              + wanted
              + ": the adapter was made for another base model.");
    }
  }

  /**
   * Checks that nothing in the file was left aside.
   *
   * @throws CheckpointException naming the first tensor that was
   */
  void requireAllRead(Set<String> read) {
    for (String name : tensors.tensors().keySet()) {
      if (!read.contains(name)) {
        throw new CheckpointException(
            tensors.origin()
                + " holds the tensor "
                + name
                + ", which has no place in this base model with the adapter's "
                + CONFIG
                + (name.endsWith("embed_tokens.weight") || name.endsWith("lm_head.weight")
                    ? ": peft saved a whole resized matrix along; save it in Python with"
                        + " save_embedding_layers=False, and resize the base model here."
                    : ": the adapter was made for another base model."));
      }
    }
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
          SafetensorsWriter.write(aside.resolve(TENSORS), tensors, DType.F32);
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
