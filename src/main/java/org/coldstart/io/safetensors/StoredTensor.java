package org.coldstart.io.safetensors;

import static org.coldstart.io.files.CheckpointException.require;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.stream.IntStream;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;

/**
 * One tensor's bytes in a file, read in pieces so that any size fits.
 *
 * @param file where it lies
 * @param info what it is
 * @param position first byte in the file; who made this has checked that it ends inside the file
 * @param decoder of its type
 */
public record StoredTensor(BinaryFile file, TensorInfo info, long position, Decoder decoder) {

  /** Turns blocks of a stored type into f32. */
  @FunctionalInterface
  public interface Decoder {
    void decode(StoredType type, byte[] blocks, int count, float[] into);
  }

  /** A multiple of every block size; small enough that both arrays stay in the cache. */
  private static final int CHUNK = 1 << 15;

  /** The same bytes under another name. */
  public StoredTensor named(String name) {
    TensorInfo named = new TensorInfo(name, info.dtype(), info.shape());
    return new StoredTensor(file, named, position, decoder);
  }

  /** Fills {@code into} from element {@code offset}, in stored order; much at a time is decoded by all processors. */
  public void read(long offset, FloatBuffer into) {
    StoredType type = info.dtype();
    require(type.readable(),
        "Tensor \"%s\" in %s has type %s, which is not read; use a checkpoint in F32, F16, BF16, Q8_0 or Q4_K.",
        info.name(), file.path(), type);
    checkRange(offset, into.remaining());
    int total = into.remaining();
    int parts = Math.min(Runtime.getRuntime().availableProcessors(), total / CHUNK + 1);
    IntStream.range(0, parts).parallel().forEach(i -> {
      int from = (int) ((long) total * i / parts);
      int to = (int) ((long) total * (i + 1) / parts);
      decode(offset + from, into.slice(into.position() + from, to - from));
    });
    into.position(into.limit());
  }

  private void decode(long offset, FloatBuffer into) {
    StoredType type = info.dtype();
    int size = type.blockElements();
    int most = Math.min(CHUNK / size, into.remaining() / size + 2);
    byte[] bytes = new byte[most * type.blockBytes()];
    float[] floats = new float[most * size];
    while (into.hasRemaining()) {
      // The first and the last block may be wanted in part only.
      int skip = (int) (offset % size);
      int count = Math.min(into.remaining(), floats.length - skip);
      int blocks = (skip + count + size - 1) / size;
      file.read(position + offset / size * type.blockBytes(), ByteBuffer.wrap(bytes, 0, blocks * type.blockBytes()));
      decoder.decode(type, bytes, blocks, floats);
      into.put(floats, skip, count);
      offset += count;
    }
  }

  /** Fills {@code into} with the stored bytes of a plain type, from element {@code offset} on. */
  void readBytes(long offset, ByteBuffer into) {
    checkRange(offset, into.remaining() / info.dtype().blockBytes());
    file.read(position + info.dtype().bytes(offset), into);
  }

  /**
   * @throws CheckpointException if some of the elements are outside this tensor
   */
  public void checkRange(long offset, int count) {
    require(offset >= 0 && offset <= info.elements() - count, "Elements %d to %d lie outside tensor \"%s\" %s in %s.",
        offset, offset + count, info.name(), info.shape(), file.path());
  }

  /** A {@link Decoder} of little-endian F32, BF16 and F16. */
  public static void decodePlain(StoredType type, byte[] numbers, int count, float[] into) {
    ByteBuffer bytes = ByteBuffer.wrap(numbers).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      into[i] = switch (type) {
      case F32 -> bytes.getFloat();
      case F16 -> f16ToFloat(bytes.getShort());
      case BF16 -> Float.intBitsToFloat(bytes.getShort() << 16);
      default -> throw new IllegalArgumentException("There is no plain number in " + type);
      };
    }
  }

  /** The value of a 16-bit number of IEEE 754; a NaN stays a NaN. */
  public static float f16ToFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) { // infinity and NaN
      return Float.intBitsToFloat(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
    }
    if (magnitude >= 0x400) { // normal: the exponent's bias is 127 instead of 15
      return Float.intBitsToFloat(sign | (magnitude << 13) + (127 - 15 << 23));
    }
    float subnormal = magnitude * 0x1p-24f;
    return sign == 0 ? subnormal : -subnormal;
  }
}
