package org.coldstart.checkpoint;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes a file so that it is there in full or not at all: under another name beside it, forced to
 * the disk, then moved over the old one. Whatever goes wrong, the old file stays as it was.
 */
public final class AtomicFiles {
  private AtomicFiles() {}

  /** Something that may throw an {@link IOException}. */
  @FunctionalInterface
  public interface ThrowingConsumer<T> {
    void accept(T value) throws IOException;
  }

  /**
   * Has {@code writer} write a new file and puts it in the place of {@code target}. Missing folders
   * are made.
   *
   * @param writer creates the file whose path it is given
   * @throws CheckpointException if it cannot be written, for want of room for instance; {@code
   *     target} is then as before
   */
  public static void write(Path target, ThrowingConsumer<Path> writer) {
    Path temporary = sibling(target);
    try {
      Files.createDirectories(temporary.getParent());
      writer.accept(temporary);
      force(temporary);
      move(temporary, target);
    } catch (IOException e) {
      throw failed(target, e);
    } finally {
      delete(temporary);
    }
  }

  /**
   * Writes several files of a folder. All are written in full beside the old ones before the first
   * is moved into place, so that a full disk leaves the folder as it was; files the writer does not
   * write stay. The moves are one step each, not all together.
   *
   * @param writer writes files, without subfolders, into the folder it is given
   * @throws CheckpointException if they cannot be written
   */
  public static void writeFolder(Path target, ThrowingConsumer<Path> writer) {
    Path temporary = sibling(target);
    try {
      Files.createDirectories(target);
      Files.createDirectory(temporary);
      writer.accept(temporary);
      List<Path> files = files(temporary);
      for (Path file : files) {
        force(file);
      }
      for (Path file : files) {
        move(file, target.resolve(file.getFileName()));
      }
    } catch (CheckpointException e) {
      // From a write() inside this one: the reader knows the target, not the folder beside it.
      throw e.getCause() instanceof IOException cause ? failed(target, cause) : e;
    } catch (IOException e) {
      throw failed(target, e);
    } finally {
      deleteFolder(temporary);
    }
  }

  /** Writes a text in UTF-8, as {@link #write} does. */
  public static void writeString(Path target, String text) {
    write(target, temporary -> Files.writeString(temporary, text));
  }

  /** In the same folder, hence on the same disk: only so is a move one step. */
  private static Path sibling(Path target) {
    Path absolute = target.toAbsolutePath();
    return absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID() + ".tmp");
  }

  private static CheckpointException failed(Path target, IOException e) {
    return new CheckpointException(
        "Cannot write "
            + target
            + ": "
            + reason(e)
            + ". "
            + (Files.exists(target)
                ? "What was there before is intact."
                : "Nothing was left behind."),
        e);
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().collect(Collectors.toList());
    }
  }

  private static void deleteFolder(Path folder) {
    try {
      for (Path file : Files.isDirectory(folder) ? files(folder) : List.<Path>of()) {
        delete(file);
      }
    } catch (IOException e) {
      folder.toFile().deleteOnExit();
    }
    delete(folder);
  }

  private static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** After a successful move there is nothing left to delete. */
  private static void delete(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      temporary.toFile().deleteOnExit();
    }
  }

  private static String reason(IOException e) {
    String message = e.getMessage() == null ? "" : e.getMessage();
    if (message.contains("No space left") || message.contains("not enough space")) {
      return "the disk is full (" + message + "); free some room and try again";
    }
    if (e instanceof ClosedByInterruptException) {
      return "it was interrupted; save again";
    }
    return e.getClass().getSimpleName() + ": " + message;
  }
}
