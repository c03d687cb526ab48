package org.coldstart.io.safetensors;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;

/**
 * The tensors of a safetensors file, or of several that an index makes one checkpoint of. Those in
 * F32, F16 and BF16 can be read as numbers; others can stand beside them, and their bytes be read.
 */
public final class SafetensorsFile implements TensorSource {
  private final Path path;
  private final Collection<BinaryFile> files;
  private final Map<String, StoredTensor> stored;
  private final Map<String, TensorInfo> infos = new LinkedHashMap<>();

  SafetensorsFile(Path path, Collection<BinaryFile> files, Map<String, StoredTensor> stored) {
    this.path = path;
    this.files = files;
    this.stored = stored;
    stored.forEach((name, tensor) -> infos.put(name, tensor.info()));
  }

  /**
   * Opens a file and reads its header.
   *
   * @throws CheckpointException if it is no safetensors file, or is cut or damaged
   */
  public static SafetensorsFile open(Path path) {
    BinaryFile file = BinaryFile.open(path);
    try {
      return new SafetensorsFile(path, List.of(file), new SafetensorsHeader(file).read());
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /**
   * Opens the files that a {@code model.safetensors.index.json} beside them names.
   *
   * @throws CheckpointException if one of them is missing or damaged, or a tensor stands in two
   */
  public static SafetensorsFile openIndex(Path index) {
    return ShardIndex.open(index);
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return Collections.unmodifiableMap(infos);
  }

  StoredTensor stored(String name) {
    tensor(name);
    return stored.get(name);
  }

  @Override
  public void read(String name, long offset, FloatBuffer into) {
    stored(name).read(offset, into);
  }

  @Override
  public void read(String name, long offset, DType as, ByteBuffer into) {
    stored(name).read(offset, as, into);
  }

  @Override
  public String origin() {
    return path.toString();
  }

  Collection<BinaryFile> files() {
    return files;
  }

  @Override
  public void close() {
    files.forEach(BinaryFile::close);
  }
}
