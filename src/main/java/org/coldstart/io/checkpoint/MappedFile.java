package org.coldstart.io.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.coldstart.io.files.CheckpointException;

/**
 * A read-only file of any size in memory. One Java buffer holds less than 2 GiB, so the file is
 * mapped in windows that start every GiB and reach almost 2 GiB: a slice of at most 1 GiB always
 * lies in one window.
 *
 * <p>All windows are mapped at once, which takes address space but no memory, and the channel is
 * closed: an interrupt, as when a notebook's cell is stopped, would close it under a reader.
 */
final class MappedFile implements AutoCloseable {
  static final int MAX_SLICE = 1 << 30;
  private static final long STEP = 1L << 30;

  private final Path path;
  private final long size;

  /** Null once closed. */
  private volatile ByteBuffer[] windows;

  private MappedFile(Path path, FileChannel channel) throws IOException {
    this.path = path;
    this.size = channel.size();
    ByteBuffer[] mapped = new ByteBuffer[Math.toIntExact(size / STEP) + 1];
    for (int i = 0; i < mapped.length; i++) {
      mapped[i] = channel.map(MapMode.READ_ONLY, i * STEP, Math.min(size - i * STEP, 2 * STEP - 1));
    }
    this.windows = mapped;
  }

  static MappedFile open(Path path) {
    if (Files.isDirectory(path)) {
      throw new CheckpointException(path + " is a folder; a file was expected.");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return new MappedFile(path, channel);
    } catch (NoSuchFileException e) {
      throw new CheckpointException("There is no file " + path + ".", e);
    } catch (IOException e) {
      throw new CheckpointException("Cannot map " + path + " into memory: " + e, e);
    }
  }

  Path path() {
    return path;
  }

  long size() {
    return size;
  }

  /**
   * A little-endian view of {@code length} bytes from {@code position}.
   *
   * @throws CheckpointException if they are not all in the file, or the file was closed
   */
  ByteBuffer slice(long position, int length) {
    ByteBuffer[] mapped = windows;
    if (mapped == null) {
      throw new CheckpointException(path + " was closed.");
    }
    if (position < 0 || length < 0 || length > MAX_SLICE || position > size - length) {
      throw new CheckpointException(
          "Bytes "
              + position
              + " to "
              + (position + length)
              + " lie outside "
              + path
              + ", which has "
              + size
              + " bytes.");
    }
    int window = (int) (position / STEP);
    return mapped[window]
        .slice((int) (position - window * STEP), length)
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Lets go of the file; Java unmaps it when the garbage collector finds the windows. */
  @Override
  public void close() {
    windows = null;
  }
}
