package org.coldstart.io.checkpoint;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * Writes files so that they are there in full or not at all: under other names first, forced to the
 * disk, then moved over the old ones. Whatever goes wrong, the old files stay as they were.
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
      AtomicFolder.force(temporary);
      move(temporary, target);
    } catch (IOException e) {
      throw failed(target, e);
    } finally {
      delete(temporary);
    }
  }

  /**
   * Writes several files of a folder as one: whatever goes wrong, and be it {@code kill -9}, the
   * folder has all the old files or all the new ones. See {@link #recover} for what a reader does.
   *
   * <p>Other files of the folder stay, except those that {@code owned} names: a checkpoint of fewer
   * parts must not leave parts of the old one beside its own.
   *
   * @param owned names that belong to what is saved; an old file of such a name that is not written
   *     anew goes
   * @param writer writes files, without subfolders, into the folder it is given
   * @throws CheckpointException if they cannot be written; the folder is then as before
   */
  public static void writeFolder(
      Path target, Predicate<String> owned, ThrowingConsumer<Path> writer) {
    Path folder = target.toAbsolutePath();
    boolean isNew = Files.notExists(folder);
    Path aside = null;
    try {
      createFolder(folder);
      recover(folder);
      AtomicFolder.deleteAbandoned(folder);
      aside = AtomicFolder.aside(folder);
      writer.accept(aside);
      AtomicFolder.commit(aside, folder, owned);
    } catch (IOException e) {
      throw failed(target, e);
    } catch (RuntimeException e) {
      // From a write inside this one: the reader knows the target, not the folder in it.
      throw e.getCause() instanceof IOException cause ? failed(target, cause) : e;
    } finally {
      deleteFolder(aside, isNew ? folder : null);
    }
    recover(folder);
  }

  /** The same where no old file has to go. */
  public static void writeFolder(Path target, ThrowingConsumer<Path> writer) {
    writeFolder(target, name -> false, writer);
  }

  /**
   * Finishes a save that a crash cut short after all its files were written; call it before reading
   * a folder that {@link #writeFolder} may have written. Does nothing where there is none.
   *
   * @throws CheckpointException if there is one and the folder cannot be written
   */
  public static void recover(Path folder) {
    try {
      AtomicFolder.finish(folder);
    } catch (IOException e) {
      throw new CheckpointException(
          "A save into "
              + folder
              + " was cut short, and its files cannot be put into place ("
              + reason(e)
              + "). They are whole, in "
              + folder.resolve(AtomicFolder.COMMITTED)
              + ": open the folder once with the right to write there.",
          e);
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

  /** A link to a folder is one, too. */
  private static void createFolder(Path folder) throws IOException {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder.toString());
    }
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder);
    }
  }

  /** After a commit there is nothing left of {@code aside}, and {@code empty} is not. */
  private static void deleteFolder(Path aside, Path empty) {
    try {
      if (aside != null) {
        AtomicFolder.deleteTree(aside);
      }
      if (empty != null) {
        Files.deleteIfExists(empty);
      }
    } catch (IOException e) {
      // The next save deletes what this one could not.
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
    if (e instanceof NotDirectoryException) {
      return message + " is a file, not a folder; choose another name";
    }
    if (e instanceof AccessDeniedException) {
      return "there is no right to write there (" + message + ")";
    }
    if (message.contains("File too large")) {
      return "the system allows no file of that size (" + message + ")";
    }
    return e.getClass().getSimpleName() + ": " + message;
  }
}
