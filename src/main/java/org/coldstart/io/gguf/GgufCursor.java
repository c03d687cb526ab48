package org.coldstart.io.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.coldstart.io.files.BinaryFile;
import org.coldstart.io.files.CheckpointException;

/**
 * Walks through the head of a GGUF file. Every length is held against what is left of the file
 * before it is used.
 */
final class GgufCursor {
  private static final int MAX_NAME = 65535;
  private static final int MAX_STRING = 1 << 30;

  /** Bytes read at a time. */
  private static final int WINDOW = 1 << 16;

  private final BinaryFile file;
  private ByteBuffer window = ByteBuffer.allocate(0);
  private long position;

  GgufCursor(BinaryFile file) {
    this.file = file;
  }

  long position() {
    return position;
  }

  int i32(String what) {
    return take(4, what).getInt();
  }

  long i64(String what) {
    return take(8, what).getLong();
  }

  /** A length or count that is followed by that many things of at least {@code bytesEach} bytes. */
  long count(String what, long bytesEach) {
    long count = i64(what);
    long rest = file.size() - position;
    if (count < 0 || count > rest / bytesEach) {
      throw damaged("%s is %s, but only %d bytes follow", what, Long.toUnsignedString(count), rest);
    }
    return count;
  }

  /** A string of at most 65535 bytes, as the format demands of keys and names. */
  String name(String what) {
    return string(what, MAX_NAME);
  }

  String string(String what) {
    return string(what, MAX_STRING);
  }

  private String string(String what, int most) {
    long length = count("the length of " + what, 1);
    if (length > most) {
      throw damaged("%s has %d bytes", what, length);
    }
    byte[] bytes = new byte[(int) length];
    take((int) length, what).get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  ByteBuffer take(int length, String what) {
    long rest = file.size() - position;
    if (length > rest) {
      throw new CheckpointException(
          "%s ends at byte %d, in the middle of %s: it was cut short. Download it again."
              .formatted(file.path(), file.size(), what));
    }
    if (length > window.remaining()) {
      window = file.read(position, (int) Math.max(length, Math.min(WINDOW, rest)));
    }
    ByteBuffer bytes = window.slice(window.position(), length).order(ByteOrder.LITTLE_ENDIAN);
    window.position(window.position() + length);
    position += length;
    return bytes;
  }

  CheckpointException damaged(String what, Object... values) {
    return new CheckpointException(
        "%s is damaged: %s. Download it again.".formatted(file.path(), what.formatted(values)));
  }
}
