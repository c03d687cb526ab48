package org.coldstart.io.files;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import java.util.function.Predicate;

/**
 * Writes files so that they are there in full or not at all: under other names first, forced to the disk, then renamed.
 * Whatever goes wrong, the old files stay as they were.
 */
public final class AtomicFiles {
  private AtomicFiles() {}

  /** Something that may throw an {@link IOException}. */
  @FunctionalInterface
  public interface ThrowingConsumer<T> {
    void accept(T value) throws IOException;
  }

  /**
   * Has {@code writer} write a new file and puts it in the place of {@code target}. Missing folders are made. Inside
   * {@link #writeFolder} the file is part of what that puts into place.
   *
   * @param writer creates the file whose path it is given
   * @throws CheckpointException if it cannot be written, for want of room for instance; it is then as before
   */
  public static void write(Path target, ThrowingConsumer<Path> writer) {
    Path file = target.toAbsolutePath();
    // In the same folder, hence on the same disk: only so is a move one step.
    Path temporary = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      if (AtomicFolder.isBeingWritten(file.getParent())) {
        writer.accept(file);
        return;
      }
      Files.createDirectories(file.getParent());
      try {
        writer.accept(temporary);
        AtomicFolder.force(temporary);
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw failed(target, e);
    }
  }

  /** Writes a text in UTF-8, as {@link #write} does. */
  public static void writeString(Path target, String text) {
    write(target, file -> Files.writeString(file, text));
  }

  /**
   * Writes several files of a folder as one: whatever goes wrong, and be it {@code kill -9}, the folder has all the old
   * files or all the new ones; see {@link #recover} for what a reader does. Calls within each other are one.
   *
   * <p>
   * Other files of the folder stay, except those that {@code owned} names: a checkpoint of fewer parts must not leave
   * parts of the old one beside its own.
   *
   * @param owned names that belong to what is saved; an old file of such a name that is not written anew goes
   * @param writer writes files, without subfolders, into the folder it is given
   * @throws CheckpointException if they cannot be written; the folder is then as before
   */
  public static void writeFolder(Path target, Predicate<String> owned, ThrowingConsumer<Path> writer) {
    Path folder = target.toAbsolutePath();
    try {
      if (AtomicFolder.isBeingWritten(folder)) {
        writer.accept(folder);
        return;
      }
      AtomicFolder.write(folder, owned, writer);
    } catch (IOException e) {
      throw failed(target, e);
    } catch (RuntimeException e) {
      // From a write inside this one: the reader knows the target, not the folder in it.
      throw e.getCause() instanceof IOException cause ? failed(target, cause) : e;
    }
    recover(folder);
  }

  /** The same where no old file has to go. */
  public static void writeFolder(Path target, ThrowingConsumer<Path> writer) {
    writeFolder(target, name -> false, writer);
  }

  /**
   * Finishes a save that a crash cut short after all its files were written; call it before reading a folder that
   * {@link #writeFolder} may have written. Any number of threads and processes may.
   *
   * @throws CheckpointException if there is such a save and the folder cannot be written
   */
  public static void recover(Path folder) {
    try {
      AtomicFolder.finish(folder);
    } catch (IOException e) {
      throw new CheckpointException(
          ("A save into %s was cut short, and its files cannot be put into place (%s). They are whole, in %s; open it once"
              + " with the right to write there.")
            .formatted(folder, reason(e), folder.resolve(AtomicFolder.COMMITTED)),
          e);
    }
  }

  private static CheckpointException failed(Path target, IOException e) {
    String left = Files.exists(target) ? "What was there before is intact." : "Nothing was left behind.";
    return new CheckpointException("Cannot write %s: %s. %s".formatted(target, reason(e), left), e);
  }

  private static String reason(IOException e) {
    String message = e.getMessage() == null ? "" : e.getMessage();
    if (message.contains("No space left") || message.contains("not enough space")) {
      return "the disk is full (" + message + "); free some room and try again";
    }
    if (e instanceof ClosedByInterruptException || e instanceof FileLockInterruptionException) {
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
