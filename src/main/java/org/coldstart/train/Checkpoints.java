package org.coldstart.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;

/**
 * The folders {@code checkpoint-N} of an output folder. Each appears by one rename when all its
 * files are on the disk, and goes by one, so that a process that dies at any moment leaves whole
 * checkpoints only.
 */
final class Checkpoints {

  /** The file that makes a folder one that a run resumes from. */
  static final String STATE_FILE = "trainer_state.json";

  private static final Pattern NAME = Pattern.compile("checkpoint-(\\d{1,9})");
  private static final String ASIDE = ".tmp";

  private final Path outputDir;

  Checkpoints(Path outputDir) {
    this.outputDir = outputDir;
  }

  Path folder(int step) {
    return outputDir.resolve("checkpoint-" + step);
  }

  /** The checkpoint of the most steps that some run can resume from. */
  static Optional<Path> last(Path outputDir) {
    return all(outputDir).stream().max(Comparator.comparingInt(Checkpoints::step));
  }

  /** All checkpoints that some run can resume from. */
  static List<Path> all(Path outputDir) {
    if (!Files.isDirectory(outputDir)) {
      return List.of();
    }
    return list(outputDir).stream()
        .filter(folder -> Files.exists(folder.resolve(STATE_FILE)))
        .toList();
  }

  private static int step(Path folder) {
    Matcher name = NAME.matcher(folder.getFileName().toString());
    return name.matches() ? Integer.parseInt(name.group(1)) : -1;
  }

  private static List<Path> list(Path outputDir) {
    try (Stream<Path> files = Files.list(outputDir)) {
      return files.filter(folder -> step(folder) >= 0).toList();
    } catch (IOException e) {
      throw new CheckpointException("Cannot read " + outputDir + ": " + e + ".", e);
    }
  }

  /**
   * Saves a checkpoint.
   *
   * @param writer writes the files into the folder it is given
   * @throws CheckpointException if it cannot be written; the others stay as they were
   */
  Path save(int step, Consumer<Path> writer) {
    Path target = folder(step);
    Path aside = aside(target);
    try {
      removeLeftovers();
      AtomicFiles.writeFolder(aside, writer::accept);
      if (Files.exists(target)) {
        delete(step);
      }
      Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
      force(outputDir);
      return target;
    } catch (IOException e) {
      throw new CheckpointException("Cannot write " + target + ": " + e + ".", e);
    } finally {
      deleteTree(aside);
    }
  }

  private static Path aside(Path folder) {
    return folder.resolveSibling("." + folder.getFileName() + ASIDE);
  }

  /** Makes a rename outlast a power cut; not every system can open a folder for that. */
  private static void force(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows; there a rename is on the disk with the file system's own log.
    }
  }

  /** Deletes the checkpoint of that step, if it is there. */
  void delete(int step) throws IOException {
    Path folder = folder(step);
    if (Files.exists(folder)) {
      Path aside = aside(outputDir.resolve(folder.getFileName() + "-deleted"));
      Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
      deleteTree(aside);
    }
  }

  /** Deletes what a process that died while saving or deleting has left. */
  private void removeLeftovers() throws IOException {
    if (!Files.isDirectory(outputDir)) {
      return;
    }
    List<Path> leftovers = new ArrayList<>();
    try (Stream<Path> files = Files.list(outputDir)) {
      files
          .filter(file -> file.getFileName().toString().matches("\\.+checkpoint-\\d+.*\\.tmp"))
          .forEach(leftovers::add);
    }
    leftovers.forEach(Checkpoints::deleteTree);
  }

  private static void deleteTree(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot delete " + folder + ": " + e.getMessage(), e);
    }
  }
}
