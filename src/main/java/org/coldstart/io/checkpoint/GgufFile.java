package org.coldstart.io.checkpoint;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.coldstart.io.files.CheckpointException;

/**
 * A GGUF file (llama.cpp's format), memory-mapped, whose tensors appear under their Hugging Face
 * names and in Hugging Face's layout.
 *
 * <pre>{@code
 * try (GgufFile file = GgufFile.open(Path.of("model.gguf"))) {
 *     FloatBuffer row = FloatBuffer.allocate(file.config().hiddenSize());
 *     file.read("model.embed_tokens.weight", 0, row);
 * }
 * }</pre>
 *
 * <p>{@link #metadata()} works for every architecture, {@link #tensors()}, {@link #read} and {@link
 * #config()} for those this library can run.
 */
public final class GgufFile implements TensorSource {
  private final MappedFile file;
  private final GgufHeader header;

  /** By Hugging Face name; built on first use. */
  private Map<String, StoredTensor> stored;

  private Map<String, TensorInfo> infos;
  private ModelConfig config;

  private GgufFile(MappedFile file, GgufHeader header) {
    this.file = file;
    this.header = header;
  }

  /**
   * Maps a file and reads its head.
   *
   * @throws CheckpointException if it is no GGUF file of version 2 or 3, or is cut or damaged
   */
  public static GgufFile open(Path path) {
    MappedFile file = MappedFile.open(path);
    try {
      return new GgufFile(file, new GgufHeader(file));
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

  @Override
  public synchronized Map<String, TensorInfo> tensors() {
    if (infos == null) {
      Map<String, TensorInfo> named = new LinkedHashMap<>();
      stored().forEach((name, tensor) -> named.put(name, tensor.info()));
      TensorCheck.check(config(), named, origin());
      infos = Collections.unmodifiableMap(named);
    }
    return infos;
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    tensor(name);
    StoredTensor tensor = stored().get(name);
    int start = into.position();
    if (interleaved() && name.contains(".q_proj.")) {
      LlamaRows.readUnpermuted(tensor, config().attention().heads(), offset, into);
    } else if (interleaved() && name.contains(".k_proj.")) {
      LlamaRows.readUnpermuted(tensor, config().attention().keyValueHeads(), offset, into);
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

  private boolean interleaved() {
    return config().architecture().equals(Architecture.LLAMA.className);
  }

  private synchronized Map<String, StoredTensor> stored() {
    if (stored == null) {
      boolean sandwiched = config().norm().sandwiched();
      Map<String, StoredTensor> named = new LinkedHashMap<>();
      header
          .tensors()
          .forEach(
              (ggufName, tensor) -> {
                if (!GgufConfig.isRopeTable(ggufName)) {
                  String name =
                      GgufNames.huggingFaceName(ggufName, sandwiched)
                          .orElseThrow(() -> unknownTensor(ggufName));
                  named.put(name, tensor.named(name));
                }
              });
      stored = named;
    }
    return stored;
  }

  private CheckpointException unknownTensor(String name) {
    return new CheckpointException(
        "Tensor \""
            + name
            + "\" in "
            + origin()
            + " is not part of a known decoder; leaving it out would change the model's results.");
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
