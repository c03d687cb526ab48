package org.coldstart.io.checkpoint;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** One tensor's bytes in a mapped file, read as f32 in chunks so that any size fits. */
final class StoredTensor {
  /** A multiple of every block size; small enough that the scratch arrays stay in the cache. */
  private static final int CHUNK = 8192;

  /** Bytes below which the call costs more than the memory is worth. */
  private static final int WORTH_RELEASING = 1 << 16;

  private final MappedFile file;
  private final TensorInfo info;
  private final long position;

  /**
   * @param position first byte in the file; the caller has checked that the tensor ends inside the
   *     file
   */
  StoredTensor(MappedFile file, TensorInfo info, long position) {
    this.file = file;
    this.info = info;
    this.position = position;
  }

  TensorInfo info() {
    return info;
  }

  /** The same bytes under another name. */
  StoredTensor named(String name) {
    return new StoredTensor(file, new TensorInfo(name, info.dtype(), info.shape()), position);
  }

  /** Fills {@code into} from element {@code offset}, in stored order. */
  void read(long offset, FloatBuffer into) {
    int count = into.remaining();
    checkRange(offset, count);
    try {
      switch (info.dtype()) {
        case F32 -> readFloats(offset, into);
        case F16, BF16 -> readHalves(offset, into);
        default -> readBlocks(offset, into);
      }
      release(offset, count);
    } catch (InternalError e) {
      throw changed(e);
    }
  }

  /** The same in another plain type: as stored, if it is that one. */
  void read(long offset, DType as, ByteBuffer into) {
    if (as != info.dtype()) {
      FloatBuffer floats = FloatBuffer.allocate(into.remaining() / as.blockBytes());
      read(offset, floats);
      HalfPrecision.encode(floats.flip(), as, into);
      return;
    }
    checkBounds(offset, into.remaining() / as.blockBytes());
    try {
      ByteBuffer stored = file.slice(position + as.bytes(offset), into.remaining());
      into.put(stored);
      MappedPages.release(stored.rewind());
    } catch (InternalError e) {
      throw changed(e);
    }
  }

  private void release(long offset, int count) {
    long first = offset / info.dtype().blockElements() * info.dtype().blockElements();
    long bytes =
        (offset + count - first) / info.dtype().blockElements() * info.dtype().blockBytes();
    if (bytes >= WORTH_RELEASING && bytes <= MappedFile.MAX_SLICE) {
      MappedPages.release(file.slice(position + info.dtype().bytes(first), Math.toIntExact(bytes)));
    }
  }

  /** Java throws an {@link InternalError} when a mapped file has become shorter. */
  private CheckpointException changed(InternalError e) {
    return new CheckpointException(file.path() + " changed while it was read.", e);
  }

  void checkRange(long offset, int count) {
    if (!info.dtype().readable()) {
      throw new CheckpointException(
          "Tensor \""
              + info.name()
              + "\" in "
              + file.path()
              + " has type "
              + info.dtype()
              + ", which cannot be read; use a checkpoint in F32, F16, BF16, Q8_0 or Q4_K.");
    }
    checkBounds(offset, count);
  }

  private void checkBounds(long offset, int count) {
    if (offset < 0 || offset > info.elements() - count) {
      throw new CheckpointException(
          "Elements "
              + offset
              + " to "
              + (offset + count)
              + " lie outside tensor \""
              + info.name()
              + "\" "
              + info.shape()
              + " in "
              + file.path()
              + ".");
    }
  }

  private void readFloats(long offset, FloatBuffer into) {
    int most = MappedFile.MAX_SLICE / Float.BYTES;
    while (into.hasRemaining()) {
      int count = Math.min(into.remaining(), most);
      into.put(file.slice(position + offset * Float.BYTES, count * Float.BYTES).asFloatBuffer());
      offset += count;
    }
  }

  private void readHalves(long offset, FloatBuffer into) {
    boolean brain = info.dtype() == DType.BF16;
    int size = Math.min(CHUNK, into.remaining());
    short[] halves = new short[size];
    float[] floats = new float[size];
    while (into.hasRemaining()) {
      int count = Math.min(into.remaining(), size);
      file.slice(position + offset * Short.BYTES, count * Short.BYTES)
          .asShortBuffer()
          .get(halves, 0, count);
      for (int i = 0; i < count; i++) {
        floats[i] =
            brain ? HalfPrecision.bf16ToFloat(halves[i]) : HalfPrecision.f16ToFloat(halves[i]);
      }
      into.put(floats, 0, count);
      offset += count;
    }
  }

  private void readBlocks(long offset, FloatBuffer into) {
    int blockElements = info.dtype().blockElements();
    int blockBytes = info.dtype().blockBytes();
    int mostBlocks = (int) Math.min(CHUNK / blockElements, into.remaining() / blockElements + 2L);
    byte[] bytes = new byte[mostBlocks * blockBytes];
    float[] floats = new float[mostBlocks * blockElements];
    while (into.hasRemaining()) {
      // The first and the last block may be wanted in part only.
      int skip = (int) (offset % blockElements);
      int count = Math.min(into.remaining(), floats.length - skip);
      int blocks = (skip + count + blockElements - 1) / blockElements;
      ByteBuffer stored =
          file.slice(position + offset / blockElements * blockBytes, blocks * blockBytes);
      stored.get(bytes, 0, blocks * blockBytes);
      Dequantizer.blocks(info.dtype(), bytes, blocks, floats);
      into.put(floats, skip, count);
      offset += count;
    }
  }
}
