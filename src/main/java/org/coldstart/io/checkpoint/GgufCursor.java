package org.coldstart.io.checkpoint;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.coldstart.io.files.CheckpointException;

/**
 * Walks through the head of a GGUF file. Every length is held against what is left of the file
 * before it is used.
 */
final class GgufCursor {
  private static final int MAX_NAME = 65535;

  private final MappedFile file;
  private long position;

  GgufCursor(MappedFile file) {
    this.file = file;
  }

  long position() {
    return position;
  }

  MappedFile file() {
    return file;
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
    if (count < 0 || count > (file.size() - position) / bytesEach) {
      throw new CheckpointException(
          file.path()
              + " is damaged: "
              + what
              + " is "
              + Long.toUnsignedString(count)
              + ", but only "
              + (file.size() - position)
              + " bytes follow.");
    }
    return count;
  }

  /** A string of at most 65535 bytes, as the format demands of keys and names. */
  String name(String what) {
    String name = string(what);
    if (name.length() > MAX_NAME) {
      throw new CheckpointException(
          file.path() + " is damaged: " + what + " has " + name.length() + " characters.");
    }
    return name;
  }

  String string(String what) {
    long length = count("the length of " + what, 1);
    if (length > MappedFile.MAX_SLICE) {
      throw new CheckpointException(
          file.path() + " is damaged: " + what + " has " + length + " bytes.");
    }
    byte[] bytes = new byte[(int) length];
    take((int) length, what).get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  ByteBuffer take(int length, String what) {
    if (length > file.size() - position) {
      throw new CheckpointException(
          file.path()
              + " ends at byte "
              + file.size()
              + ", in the middle of "
              + what
              + ": it was cut short. Download it again.");
    }
    ByteBuffer bytes = file.slice(position, length);
    position += length;
    return bytes;
  }
}
