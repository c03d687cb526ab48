package org.coldstart.io.hub;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
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
import org.coldstart.io.hub.HubException.Reason;
import org.coldstart.io.json.Json;

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
   * Where a file stands in a snapshot; a name that could lead out of the snapshot folder is
   * refused.
   */
  Path pointer(String commit, String file) {
    return snapshot(commit).resolve(FileNames.checked(file));
  }

  /** The commit a branch or tag stood at when it was last looked up; a commit stands for itself. */
  Optional<String> commit(String revision) {
    Path ref = storage.resolve("refs").resolve(revision);
    if (COMMIT.matcher(revision).matches()) {
      return Optional.of(revision);
    }
    return Files.isRegularFile(ref)
        ? Optional.of(read(ref).strip()).filter(commit -> COMMIT.matcher(commit).matches())
        : Optional.empty();
  }

  /**
   * Notes where a branch or tag stands, and what the hub says of the commit, so that a partial
   * snapshot is known as one when the hub cannot be asked. A cache that can only be read is left as
   * it is.
   */
  void remember(String revision, RepoInfo description) {
    try {
      if (!revision.equals(description.commit())) {
        write(storage.resolve("refs").resolve(revision), description.commit());
      }
      write(note(description.commit()), description.toNote().toString());
    } catch (IOException e) {
      // files that are there can be read without it; a download says what is wrong with the cache
    }
  }

  /** What the hub said of a commit when we asked. */
  Optional<RepoInfo> noted(String commit) {
    return json(note(commit)).flatMap(RepoInfo::fromNote);
  }

  /**
   * The files of a commit as far as the cache knows: by our note, by the listing that Python's
   * snapshot_download keeps, or else those in the snapshot folder.
   */
  RepoInfo describe(String commit) {
    return noted(commit)
        .or(() -> listing(commit))
        .orElseGet(() -> new RepoInfo(commit, present(commit), new JsonObject()));
  }

  /** {@code trees/<commit>.json} (huggingface_hub 2.4, _tree_cache.py). */
  private Optional<RepoInfo> listing(String commit) {
    return json(storage.resolve("trees").resolve(commit + ".json"))
        .map(tree -> tree.get("files"))
        .filter(JsonElement::isJsonObject)
        .map(
            files ->
                new RepoInfo(
                    commit,
                    files.getAsJsonObject().keySet().stream().sorted().toList(),
                    new JsonObject()));
  }

  private List<String> present(String commit) {
    Path folder = snapshot(commit);
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> walk = Files.walk(folder)) {
      return walk.filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString().replace('\\', '/'))
          .sorted()
          .toList();
    } catch (IOException | UncheckedIOException e) {
      throw storageError(folder, e);
    }
  }

  private Path note(String commit) {
    return storage.resolve(".coldstart").resolve(commit + ".json");
  }

  /**
   * Puts a blob into a snapshot: by a relative link, or where links are not to be had by moving a
   * new blob and copying an old one, which other snapshots may link to.
   */
  void link(String etag, Path pointer, boolean isNew) {
    Path blob = blob(etag);
    try {
      Files.createDirectories(pointer.getParent());
      Files.deleteIfExists(pointer); // a link whose blob has gone
      if (settings.symlinks() && linked(blob, pointer)) {
        return;
      }
      Path content = isNew ? blob : temporary(blob);
      if (!isNew) {
        Files.copy(blob, content);
      }
      Files.move(content, pointer, StandardCopyOption.REPLACE_EXISTING);
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
      } catch (ClosedByInterruptException | FileLockInterruptionException e) {
        throw HubException.interrupted("into " + storage, e);
      } catch (IOException e) {
        throw storageError(file, e);
      }
    }
  }

  /** A JSON object from a file; empty when there is none, or a damaged one. */
  private static Optional<JsonObject> json(Path file) {
    try {
      return Files.isRegularFile(file)
          ? Optional.of(Json.parse(Files.readString(file)))
              .filter(JsonElement::isJsonObject)
              .map(JsonElement::getAsJsonObject)
          : Optional.empty();
    } catch (IOException | JsonParseException e) {
      return Optional.empty();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw storageError(file, e);
    }
  }

  /** Replaces a file in one step, unless it says the same already. */
  private static void write(Path file, String text) throws IOException {
    if (Files.isRegularFile(file) && Files.readString(file).equals(text)) {
      return;
    }
    Files.createDirectories(file.getParent());
    Path temporary = temporary(file);
    Files.writeString(temporary, text);
    Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Not createTempFile: its files are closed to other users, and a cache may be shared. */
  private static Path temporary(Path file) {
    return file.resolveSibling(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
  }

  static HubException storageError(Path path, Exception cause) {
    return new HubException(
        Reason.STORAGE,
        "Cannot read or write "
            + path
            + " ("
            + (cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage())
            + "): check its permissions and the free space, or set HF_HOME to another folder.",
        cause);
  }
}
