package org.coldstart.hub;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.coldstart.hub.HubException.Reason;
import org.coldstart.json.Json;

/**
 * One repository's folder in the cache, laid out as Python's huggingface_hub does: contents in
 * {@code blobs} under their ETag, {@code refs} from branch to commit, and {@code
 * snapshots/<commit>} with links into {@code blobs}.
 */
final class HubCache {
  static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final Map<Path, Object> LOCKS = new ConcurrentHashMap<>();

  private final HubSettings settings;
  private final Path storage;
  private final Path locks;

  HubCache(HubSettings settings, HubRepository repository) {
    this.settings = settings;
    this.storage = settings.cache().resolve(repository.folderName());
    this.locks = settings.cache().resolve(".locks").resolve(repository.folderName());
  }

  Path blob(String etag) {
    return storage.resolve("blobs").resolve(etag);
  }

  Path snapshot(String commit) {
    return storage.resolve("snapshots").resolve(commit);
  }

  /**
   * Where a file stands in a snapshot; a name that would lead out of the snapshot folder is
   * refused.
   */
  Path pointer(String commit, String file) {
    Path pointer = snapshot(commit).resolve(file).normalize();
    if (!pointer.startsWith(snapshot(commit)) || pointer.equals(snapshot(commit))) {
      throw new HubException(
          Reason.DAMAGED,
          "The hub lists a file named '"
              + file
              + "', which leads out of the repository's folder: do not use this repository.");
    }
    return pointer;
  }

  /** The commit a branch or tag stood at when it was last looked up; a commit stands for itself. */
  Optional<String> commit(String revision) {
    Path ref = storage.resolve("refs").resolve(revision);
    if (COMMIT.matcher(revision).matches()) {
      return Optional.of(revision);
    }
    return Files.isRegularFile(ref) ? Optional.of(read(ref).strip()) : Optional.empty();
  }

  /** Notes where a branch or tag stands. */
  void remember(String revision, String commit) {
    if (!revision.equals(commit)) {
      write(storage.resolve("refs").resolve(revision), commit);
    }
  }

  /**
   * Notes what the hub says of a commit, so that a partial snapshot is known as one when the hub
   * cannot be asked.
   */
  void remember(Description description) {
    write(note(description.commit()), description.toNote().toString());
  }

  /** What the hub said of a commit; without a note, the files in the snapshot folder. */
  Description describe(String commit) {
    if (Files.isRegularFile(note(commit))) {
      return Description.fromNote(Json.parse(read(note(commit))).getAsJsonObject());
    }
    Path folder = snapshot(commit);
    if (!Files.isDirectory(folder)) {
      return new Description(commit, List.of(), new JsonObject());
    }
    try (Stream<Path> walk = Files.walk(folder)) {
      return new Description(
          commit,
          walk.filter(Files::isRegularFile)
              .map(file -> folder.relativize(file).toString().replace('\\', '/'))
              .sorted()
              .toList(),
          new JsonObject());
    } catch (IOException | UncheckedIOException e) {
      throw storageError(folder, e);
    }
  }

  private Path note(String commit) {
    return storage.resolve(".coldstart").resolve(commit + ".json");
  }

  /**
   * Puts a blob into a snapshot: by a relative link, or by moving the file where links are not to
   * be had.
   */
  void link(String etag, Path pointer) {
    Path blob = blob(etag);
    try {
      Files.createDirectories(pointer.getParent());
      Files.deleteIfExists(pointer); // a link whose blob has gone
      if (!settings.symlinks() || !linked(blob, pointer)) {
        Files.move(blob, pointer, StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      throw storageError(pointer, e);
    }
  }

  private static boolean linked(Path blob, Path pointer) {
    try {
      Files.createSymbolicLink(pointer, pointer.getParent().relativize(blob));
      return true;
    } catch (IOException | UnsupportedOperationException e) {
      return false; // Windows without developer mode, some network drives
    }
  }

  /** Runs an action while no other thread or process downloads the same content. */
  void locked(String etag, Runnable action) {
    Path file = locks.resolve(etag + ".lock");
    synchronized (LOCKS.computeIfAbsent(file, f -> new Object())) {
      try {
        Files.createDirectories(locks);
      } catch (IOException e) {
        throw storageError(locks, e);
      }
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        channel.lock(); // until the channel closes
        action.run();
      } catch (IOException e) {
        throw storageError(file, e);
      }
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw storageError(file, e);
    }
  }

  private static void write(Path file, String text) {
    try {
      if (Files.isRegularFile(file) && Files.readString(file).equals(text)) {
        return; // the cache may be one we can only read
      }
      Files.createDirectories(file.getParent());
      // not createTempFile: its files are closed to other users, and a cache may be shared
      Path temporary = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
      Files.writeString(temporary, text);
      Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw storageError(file, e);
    }
  }

  static HubException storageError(Path path, Exception cause) {
    return new HubException(
        Reason.STORAGE,
        "Cannot read or write "
            + path
            + " ("
            + cause.getMessage()
            + "): check its permissions and the free space, or set HF_HOME to another folder.",
        cause);
  }
}
