package org.coldstart.io.gguf;

import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;

/**
 * A decoder's tensors under llama.cpp's names and in its layout, as its converter has them: the inverse of
 * {@link GgufFile}.
 */
final class GgufTensors implements TensorSource {
  private static final int BLOCK = 32;

  private final ModelConfig config;
  private final TensorSource source;

  /** By llama.cpp's names, in the type to be written in. */
  private final Map<String, TensorInfo> infos = new LinkedHashMap<>();

  /** Hugging Face's names by llama.cpp's. */
  private final Map<String, String> names = new LinkedHashMap<>();

  private final double[] ropeTable;

  /** {@code source} has the tensors of {@code config}; its matrices are to be written in {@code type}. */
  GgufTensors(ModelConfig config, TensorSource source, StoredType type) {
    this.config = config;
    this.source = source;
    this.ropeTable = ropeTable(config);
    if (ropeTable != null) {
      put(new TensorInfo(GgufConfig.ROPE_TABLE, StoredType.F32, List.of((long) ropeTable.length)));
    }
    boolean sandwiched = config.norm().sandwiched();
    config.tensorShapes().forEach((name, shape) -> {
      String own = GgufNames.toGguf(name, sandwiched).orElseThrow();
      names.put(own, name);
      put(new TensorInfo(own, stored(name, shape, type), shape));
    });
  }

  private void put(TensorInfo info) {
    infos.put(info.name(), info);
  }

  /**
   * Vectors stay in F32, rows that are no whole blocks in F16; of the four-bit types the embedding and the head, which
   * suffer most, have eight bits.
   */
  private static StoredType stored(String name, List<Long> shape, StoredType type) {
    if (shape.size() == 1) {
      return StoredType.F32;
    }
    if (!type.quantized()) {
      return type;
    }
    if (shape.get(1) % BLOCK != 0) {
      return StoredType.F16;
    }
    return name.equals(ModelConfig.EMBEDDING) || name.equals(ModelConfig.HEAD) ? StoredType.Q8_0 : type;
  }

  /** What a Llama 3's frequencies are divided by, or null for other rotary embeddings. */
  private static double[] ropeTable(ModelConfig config) {
    RopeParameters rope = config.attention().rope();
    if (rope.type() != RopeParameters.Type.LLAMA3) {
      return null;
    }
    double[] table = RopeParameters.plain(rope.theta()).inverseFrequencies(config.attention().headDim());
    for (int i = 0; i < table.length; i++) {
      table[i] = rope.stretch(2 * Math.PI / table[i]);
    }
    return table;
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return infos;
  }

  @Override
  public String origin() {
    return source.origin();
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    if (name.equals(GgufConfig.ROPE_TABLE)) {
      for (int i = (int) offset; into.hasRemaining(); i++) {
        into.put((float) ropeTable[i]);
      }
      return;
    }
    String own = names.get(name);
    int start = into.position();
    if (HeadRows.reordered(config, own)) {
      long headDim = config.attention().headDim();
      HeadRows.read(tensor(name), row -> HeadRows.inHuggingFace(row, headDim), offset, into,
          (at, part) -> source.read(own, at, part));
    } else {
      source.read(own, offset, into);
    }
    boolean plusOne = config.norm().onePlusWeight() && own.endsWith("norm.weight");
    for (int i = start; i < into.position(); i++) {
      CheckpointException.require(Float.isFinite(into.get(i)),
          "Tensor %s of %s has a value that is not a number, or infinite; no model can be made of it.", own, origin());
      if (plusOne) { // llama.cpp knows only plain norms
        into.put(i, into.get(i) + 1);
      }
    }
  }

  /** Does nothing: the source is its owner's. */
  @Override
  public void close() {}
}
