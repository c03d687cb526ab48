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
import org.coldstart.io.config.Architecture;
import org.coldstart.io.config.GenerationConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredTensor;
import org.coldstart.io.safetensors.StoredType;
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
          boolean half = known.info().dtype() == StoredType.F16 || known.info().dtype() == StoredType.BF16;
          named.put(known.info().name(), half ? known.info().in(StoredType.F32) : known.info()); // as read gives it
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
    boolean interleaved = config().architecture().equals(Architecture.LLAMA.className);
    if (interleaved && name.contains(".q_proj.")) {
      readUnpermuted(tensor, config().attention().heads(), offset, into);
    } else if (interleaved && name.contains(".k_proj.")) {
      readUnpermuted(tensor, config().attention().keyValueHeads(), offset, into);
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

  /**
   * Reads a q or k projection (or its bias) of {@code heads} heads with its rows in Hugging Face's order.
   *
   * <p>
   * Hugging Face rotates halves of a head ({@code j} with {@code j + d/2}), llama.cpp neighbours ({@code 2j} with
   * {@code 2j + 1}); its converter ({@code LlamaModel.permute} in {@code convert_hf_to_gguf.py}) moves the rows of each
   * head so that both give the same result.
   */
  private static void readUnpermuted(StoredTensor tensor, long heads, long offset, FloatBuffer into) {
    tensor.checkRange(offset, into.remaining());
    long rows = tensor.info().shape().get(0);
    long columns = tensor.info().elements() / rows;
    long headDim = rows / heads;
    int end = into.limit();
    while (into.position() < end) {
      long row = offset / columns;
      long column = offset % columns;
      long within = row % headDim;
      long storedRow = row - within + within % (headDim / 2) * 2 + within / (headDim / 2);
      int count = (int) Math.min(end - into.position(), columns - column);
      into.limit(into.position() + count);
      tensor.read(storedRow * columns + column, into);
      into.limit(end);
      offset += count;
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
