package org.coldstart.io.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file of any size, read at any position and by any number of threads. As every channel it is closed when a thread
 * that reads it is interrupted.
 */
public final class BinaryFile implements AutoCloseable {
  private final Path path;
  private final FileChannel channel;
  private final long size;

  private BinaryFile(Path path) throws IOException {
    this.path = path;
    this.channel = FileChannel.open(path, StandardOpenOption.READ);
    this.size = channel.size();
  }

  /**
   * Opens a file.
   *
   * @throws CheckpointException if there is none, or it cannot be read
   */
  public static BinaryFile open(Path path) {
    if (Files.isDirectory(path)) {
      throw new CheckpointException(path + " is a folder; a file was expected.");
    }
    try {
      return new BinaryFile(path);
    } catch (NoSuchFileException e) {
      throw new CheckpointException("There is no file " + path + ".", e);
    } catch (IOException e) {
      throw new CheckpointException("Cannot read " + path + ": " + e, e);
    }
  }

  public Path path() {
    return path;
  }

  /** In bytes, as it was when it was opened. */
  public long size() {
    return size;
  }

  /**
   * The bytes from {@code position} on, in a little-endian buffer.
   *
   * @throws CheckpointException if they are not all in the file, or it was closed
   */
  public ByteBuffer read(long position, int length) {
    checkRange(position, length); // before the memory is taken
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    read(position, bytes);
    return bytes.flip();
  }

  /** Fills a buffer with the bytes from {@code position} on. */
  public void read(long position, ByteBuffer into) {
    checkRange(position, into.remaining());
    long start = position - into.position();
    try {
      while (into.hasRemaining()) {
        if (channel.read(into, start + into.position()) < 0) {
          throw new CheckpointException(path + " became shorter while it was read.");
        }
      }
    } catch (ClosedByInterruptException e) {
      throw new CheckpointException("Reading " + path + " was interrupted; open it again.", e);
    } catch (ClosedChannelException e) {
      throw new CheckpointException(path + " was closed.", e);
    } catch (IOException e) {
      throw new CheckpointException("Cannot read " + path + ": " + e, e);
    }
  }

  private void checkRange(long position, int length) {
    if (position < 0 || length < 0 || position > size - length) {
      throw new CheckpointException(
          "Bytes %d to %d lie outside %s, which has %d bytes.".formatted(position, position + length, path, size));
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new CheckpointException("Cannot close " + path + ": " + e, e);
    }
  }
}
