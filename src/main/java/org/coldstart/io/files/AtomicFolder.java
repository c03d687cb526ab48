package org.coldstart.io.files;

import ai.djl.util.Utils;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.coldstart.io.files.AtomicFiles.ThrowingConsumer;

/**
 * Replaces several files of a folder as one, so that a crash at any moment leaves the old ones or the new ones.
 *
 * <p>
 * No system call swaps several files, and none swaps folders everywhere. So the new files are written in full into a
 * folder of their own inside the target, which is then renamed to {@value #COMMITTED}. This one rename is the moment of
 * the save: before it the target is as it was; after it the new files are there in full, and what is left is to move
 * them up, which {@link #finish} does and whoever opens the folder after a crash does again, one at a time. The files a
 * reader looks for first leave first and arrive last: one who knows nothing of this finds, for some microseconds, no
 * {@code config.json} or no {@code tokenizer.json}, and never old and new files side by side.
 */
final class AtomicFolder {
  static final String COMMITTED = ".coldstart-commit";

  /** Names, a line each, of the old files that no new one replaces; locked by the process that moves the files up. */
  private static final String STALE = ".stale";

  /** Without these no reader begins; they leave first and arrive last. */
  private static final List<String> ENTRY_FILES = List.of("config.json", "tokenizer.json", "adapter_config.json",
      "trainer_state.json");

  /** The process id tells a save that was killed from one that is under way. */
  private static final Pattern ASIDE = Pattern.compile("\\.coldstart-(\\d+)-[0-9a-f-]+");

  /** Names of the folders that saves of this process write into at present. */
  private static final Set<Path> BEING_WRITTEN = ConcurrentHashMap.newKeySet();

  private AtomicFolder() {}

  /** Whether a {@link #write} has handed out this folder and not yet committed it. */
  static boolean isBeingWritten(Path folder) {
    return folder != null && BEING_WRITTEN.contains(folder.getFileName());
  }

  /** Commits the files that {@code writer} writes; {@link #finish} puts them into place. */
  static void write(Path folder, Predicate<String> owned, ThrowingConsumer<Path> writer) throws IOException {
    boolean isNew = !Files.exists(folder);
    if (!isNew && !Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder.toString());
    }
    if (isNew) {
      Files.createDirectories(folder);
    }
    Path aside = null;
    try {
      finish(folder);
      deleteAbandoned(folder);
      aside = aside(folder);
      writer.accept(aside);
      commit(aside, folder, owned);
    } finally {
      if (aside != null) { // after a commit there is nothing left of it
        BEING_WRITTEN.remove(aside.getFileName());
        Utils.deleteQuietly(aside);
      }
      if (isNew) {
        deleteIfEmpty(folder);
      }
    }
  }

  /** A new folder inside {@code folder} to write the new files into. */
  static Path aside(Path folder) throws IOException {
    Path aside = folder.resolve(".coldstart-" + ProcessHandle.current().pid() + "-" + UUID.randomUUID());
    BEING_WRITTEN.add(aside.getFileName());
    return Files.createDirectory(aside);
  }

  /**
   * Makes the files of {@code aside} those of {@code folder}, for good once this is over.
   *
   * @param owned names that belong to what is saved: an old file of such a name goes
   */
  static void commit(Path aside, Path folder, Predicate<String> owned) throws IOException {
    List<String> names = names(aside);
    for (String name : names) {
      force(aside.resolve(name));
    }
    Path committed = folder.resolve(COMMITTED);
    while (true) {
      finish(folder);
      List<String> stale = new ArrayList<>(names(folder));
      stale.removeIf(name -> !owned.test(name) || names.contains(name) || Files.isDirectory(folder.resolve(name)));
      force(Files.write(aside.resolve(STALE), stale));
      forceFolder(aside);
      try {
        Files.move(aside, committed, StandardCopyOption.ATOMIC_MOVE);
        forceFolder(folder);
        return;
      } catch (IOException e) {
        if (!Files.isDirectory(committed)) { // else another save came first
          throw e;
        }
      }
    }
  }

  /**
   * Moves the files of a committed save into place, if there is one. Who does it holds a lock: two at once would take
   * new files for old ones and delete them.
   */
  static synchronized void finish(Path folder) throws IOException {
    Path committed = folder.resolve(COMMITTED);
    Path stale = committed.resolve(STALE);
    while (Files.isDirectory(committed)) {
      try {
        if (!Files.exists(stale)) {
          Files.createFile(stale);
        }
        Object key = key(stale);
        try (FileChannel channel = FileChannel.open(stale, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
          lock(channel);
          if (Objects.equals(key, key(stale))) { // else that save is finished, and here is the next
            // Read through this channel: on POSIX, closing another one of the file would give the lock up.
            String names = new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
            moveUp(committed, folder, names.lines());
          }
        }
      } catch (NoSuchFileException | FileAlreadyExistsException e) {
        // Another process finishes, or has finished, this save.
      }
      deleteIfEmpty(committed); // else the next save is there already
    }
  }

  private static void deleteIfEmpty(Path folder) throws IOException {
    try {
      Files.deleteIfExists(folder);
    } catch (DirectoryNotEmptyException e) {
      // It stays.
    }
  }

  /** Waits until other processes are done; within this one, {@link #finish} is synchronized. */
  private static void lock(FileChannel channel) throws IOException {
    try {
      channel.lock();
    } catch (ClosedChannelException | FileLockInterruptionException e) {
      throw e;
    } catch (IOException e) {
      // A file system without locks: one opener at a time has to be enough there.
    }
  }

  /** Identifies a file whatever its name, where the system has such a key. */
  private static Object key(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  private static void moveUp(Path committed, Path folder, Stream<String> stale) throws IOException {
    List<String> names = new ArrayList<>(names(committed));
    names.remove(STALE);
    names.sort(Comparator.comparingInt(AtomicFolder::arrival));
    Stream<String> leaving = ENTRY_FILES.stream().filter(names::contains);
    for (String name : Stream.concat(leaving, stale).toList()) {
      Files.deleteIfExists(folder.resolve(Path.of(name).getFileName()));
    }
    for (String name : names) {
      Files.move(committed.resolve(name), folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }
    forceFolder(folder);
    Files.delete(committed.resolve(STALE));
  }

  /** Entry files last, and {@code config.json} last of these. */
  private static int arrival(String name) {
    int entry = ENTRY_FILES.indexOf(name);
    return entry < 0 ? 0 : ENTRY_FILES.size() - entry;
  }

  /** Deletes what saves left behind whose process was killed. */
  private static void deleteAbandoned(Path folder) throws IOException {
    for (String name : names(folder)) {
      Matcher aside = ASIDE.matcher(name);
      if (aside.matches() && !BEING_WRITTEN.contains(Path.of(name)) && !otherLives(Long.parseLong(aside.group(1)))) {
        Utils.deleteQuietly(folder.resolve(name));
      }
    }
  }

  /** This process's own saves are in {@link #BEING_WRITTEN}: in a container, the one killed had the same id. */
  private static boolean otherLives(long pid) {
    return pid != ProcessHandle.current().pid() && ProcessHandle.of(pid).isPresent();
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** A rename is on the disk once its folder is. Windows opens no folders. */
  private static void forceFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Best effort: the names are right for every process of this machine already.
    }
  }
}
