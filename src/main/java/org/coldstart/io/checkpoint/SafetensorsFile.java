package org.coldstart.io.checkpoint;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A memory-mapped safetensors file. Tensors in F32, F16 and BF16 can be read; others can stand
 * beside them.
 */
public final class SafetensorsFile implements TensorSource {
  private final MappedFile file;
  private final Map<String, StoredTensor> stored;
  private final Map<String, TensorInfo> infos;

  private SafetensorsFile(MappedFile file, Map<String, StoredTensor> stored) {
    this.file = file;
    this.stored = stored;
    Map<String, TensorInfo> named = new LinkedHashMap<>();
    stored.forEach((name, tensor) -> named.put(name, tensor.info()));
    this.infos = Collections.unmodifiableMap(named);
  }

  /**
   * Maps a file and reads its header.
   *
   * @throws CheckpointException if it is no safetensors file, or is cut or damaged
   */
  public static SafetensorsFile open(Path path) {
    MappedFile file = MappedFile.open(path);
    try {
      return new SafetensorsFile(file, SafetensorsHeader.read(file));
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return infos;
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    tensor(name);
    stored.get(name).read(offset, into);
  }

  @Override
  public void read(String name, long offset, DType as, ByteBuffer into) {
    tensor(name);
    stored.get(name).read(offset, as, into);
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
