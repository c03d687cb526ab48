package org.coldstart.io.gguf;

import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.coldstart.io.config.GenerationConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredTensor;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;

/**
 * A GGUF file (llama.cpp's format), whose tensors appear under their Hugging Face names and in Hugging Face's layout.
 *
 * <pre>{@code
 * try (GgufFile file = GgufFile.open(Path.of("model.gguf"))) {
 *     FloatBuffer row = FloatBuffer.allocate(file.config().hiddenSize());
 *     file.read("model.embed_tokens.weight", 0, row);
 * }
 * }</pre>
 *
 * <p>
 * {@link #metadata()} works for every architecture, {@link #tensors()}, {@link #read} and {@link #config()} for those
 * this library can run.
 */
public final class GgufFile implements TensorSource {
  private final BinaryFile file;
  private final GgufHeader header;
  private ModelConfig config;

  /** By Hugging Face name; made on first use, as the configuration is. */
  private Map<String, StoredTensor> stored;

  private Map<String, TensorInfo> infos;

  /** Whether a file begins as a GGUF file does, whatever its name; Ollama names them by their hash. */
  public static boolean isGguf(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return Arrays.equals(in.readNBytes(4), "GGUF".getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new CheckpointException("Cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private GgufFile(BinaryFile file) {
    this.file = file;
    this.header = new GgufHeader(file);
  }

  /**
   * Opens a file and reads its head.
   *
   * @throws CheckpointException if it is no GGUF file of version 2 or 3, or is cut or damaged
   */
  public static GgufFile open(Path path) {
    BinaryFile file = BinaryFile.open(path);
    try {
      return new GgufFile(file);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  public GgufMetadata metadata() {
    return header.metadata();
  }

  /**
   * The model's configuration, in the form of Hugging Face's {@code config.json}.
   *
   * @throws CheckpointException if the architecture or one of its options is not implemented
   */
  public synchronized ModelConfig config() {
    if (config == null) {
      config = GgufConfig.read(metadata(), header.tensors());
    }
    return config;
  }

  /** The ids that end, begin and pad a text. */
  public GenerationConfig generationConfig() {
    return GgufConfig.generationConfig(metadata());
  }

  @Override
  public synchronized Map<String, TensorInfo> tensors() {
    if (infos == null) {
      Map<String, StoredTensor> tensors = new LinkedHashMap<>();
      Map<String, TensorInfo> named = new LinkedHashMap<>();
      header.tensors().forEach((name, tensor) -> {
        // Tables of rotary frequencies follow from the configuration; they are no weights.
        if (!name.equals(GgufConfig.ROPE_TABLE) && !name.endsWith(".attn_rot_embd.weight")) {
          StoredTensor known = tensor.named(huggingFaceName(name));
          tensors.put(known.info().name(), known);
          named.put(known.info().name(), known.info());
        }
      });
      config().checkTensors(named, origin());
      stored = tensors;
      infos = Collections.unmodifiableMap(named);
    }
    return infos;
  }

  private String huggingFaceName(String name) {
    return GgufNames.toHuggingFace(name, config().norm().sandwiched())
      .orElseThrow(() -> new CheckpointException(
          "Tensor \"%s\" in %s is not part of a known decoder; leaving it out would change the results.".formatted(name,
              origin())));
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    tensor(name);
    StoredTensor tensor = stored.get(name);
    int start = into.position();
    if (HeadRows.reordered(config(), name)) {
      tensor.checkRange(offset, into.remaining());
      long headDim = config().attention().headDim();
      HeadRows.read(tensor.info(), row -> HeadRows.inGguf(row, headDim), offset, into, tensor::read);
    } else {
      tensor.read(offset, into);
    }
    if (config().norm().onePlusWeight() && name.endsWith("norm.weight")) {
      // llama.cpp knows only plain norms, so its converter stores 1 + weight.
      for (int i = start; i < into.position(); i++) {
        into.put(i, into.get(i) - 1);
      }
    }
  }

  @Override
  public String origin() {
    return file.path().toString();
  }

  @Override
  public void close() {
    file.close();
  }
}
