package org.coldstart.io.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Replaces several files of a folder as one, so that a crash at any moment leaves the old ones or
 * the new ones.
 *
 * <p>No system call swaps several files, and none swaps folders everywhere. So the new files are
 * written in full into a folder of their own inside the target, which is then renamed to {@value
 * #COMMITTED}. This one rename is the moment of the save: before it the target is as it was; after
 * it the new files are there in full, and what is left is to move them up, which {@link #finish}
 * does and whoever opens the folder after a crash does again. The files a reader asks for first
 * leave first and arrive last: one who knows nothing of this finds, for some microseconds, no
 * {@code config.json} or no {@code tokenizer.json}, and never old and new files side by side.
 */
final class AtomicFolder {
  static final String COMMITTED = ".coldstart-commit";

  /** Names, a line each, of the old files that no new one replaces. */
  private static final String STALE = ".stale";

  /** Without these no reader begins; in the order in which they leave. */
  private static final List<String> DOORS = List.of("config.json", "tokenizer.json");

  /** Process id and start tell a save that was killed from one that is under way. */
  private static final Pattern ASIDE = Pattern.compile("\\.coldstart-(\\d+)-(\\d+)-[0-9a-f-]+");

  private AtomicFolder() {}

  /** A new folder inside {@code folder} to write the new files into. */
  static Path aside(Path folder) throws IOException {
    ProcessHandle self = ProcessHandle.current();
    String name = ".coldstart-" + self.pid() + "-" + start(self) + "-" + UUID.randomUUID();
    return Files.createDirectory(folder.resolve(name));
  }

  /**
   * Makes the files of {@code aside} those of {@code folder}, for good once this begins to move
   * them.
   *
   * @param owned names that belong to what is saved: an old file of such a name goes
   */
  static void commit(Path aside, Path folder, Predicate<String> owned) throws IOException {
    List<String> names = names(aside);
    for (String name : names) {
      force(aside.resolve(name));
    }
    List<String> stale = new ArrayList<>();
    for (String name : names(folder)) {
      if (owned.test(name) && !names.contains(name) && !Files.isDirectory(folder.resolve(name))) {
        stale.add(name);
      }
    }
    force(Files.write(aside.resolve(STALE), stale));
    forceFolder(aside);
    Files.move(aside, folder.resolve(COMMITTED), StandardCopyOption.ATOMIC_MOVE);
    forceFolder(folder);
  }

  /** Moves the files of a committed save into place, if there is one. */
  static void finish(Path folder) throws IOException {
    Path committed = folder.resolve(COMMITTED);
    if (!Files.isDirectory(committed)) {
      return;
    }
    List<String> names = new ArrayList<>(names(committed));
    names.remove(STALE);
    names.sort(Comparator.comparingInt(AtomicFolder::leaving));
    for (String name : names) {
      Files.deleteIfExists(folder.resolve(name));
    }
    Path stale = committed.resolve(STALE);
    for (String name : Files.exists(stale) ? Files.readAllLines(stale) : List.<String>of()) {
      Files.deleteIfExists(folder.resolve(Path.of(name).getFileName()));
    }
    Collections.reverse(names);
    for (String name : names) {
      moveUp(committed.resolve(name), folder.resolve(name));
    }
    forceFolder(folder);
    deleteTree(committed);
  }

  /** Someone else who opens the folder may be moving the same files. */
  private static void moveUp(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException e) {
      if (Files.exists(from)) {
        throw e;
      }
    }
  }

  private static int leaving(String name) {
    int door = DOORS.indexOf(name);
    return door < 0 ? DOORS.size() : door;
  }

  /** Deletes what saves left behind whose process was killed. */
  static void deleteAbandoned(Path folder) throws IOException {
    for (String name : names(folder)) {
      Matcher aside = ASIDE.matcher(name);
      if (aside.matches() && !alive(Long.parseLong(aside.group(1)), aside.group(2))) {
        deleteTree(folder.resolve(name));
      }
    }
  }

  private static boolean alive(long pid, String start) {
    return ProcessHandle.of(pid).filter(process -> start(process).equals(start)).isPresent();
  }

  /** In milliseconds; 0 where the system does not tell. */
  private static String start(ProcessHandle process) {
    return process.info().startInstant().map(at -> at.toEpochMilli()).orElse(0L).toString();
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    List<Path> paths;
    try (Stream<Path> all = Files.walk(root)) {
      paths = all.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : paths) {
      Files.deleteIfExists(path);
    }
  }

  static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** A rename is on the disk once its folder is. Windows opens no folders. */
  static void forceFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Best effort: the names are right for every process of this machine already.
    }
  }
}
