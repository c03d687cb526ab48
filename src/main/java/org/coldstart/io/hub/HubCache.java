package org.coldstart.io.hub;

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
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.hub.HubException.Reason;
import org.coldstart.io.json.Json;

/**
 * One repository's folder in the cache, laid out as Python's huggingface_hub does: contents in {@code blobs} under
 * their ETag, {@code refs} from branch to commit, and {@code
 * snapshots/<commit>} with links into {@code blobs}.
 */
final class HubCache {
  static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final Map<Path, Object> LOCKS = new ConcurrentHashMap<>();

  /**
   * Names of files that can be trusted: relative, with {@code /} between parts that are neither empty nor {@code .} nor
   * {@code ..}, and without what Windows reads as a drive, a stream or a separator.
   */
  private static final Pattern SAFE_NAME = Pattern
    .compile("(?!\\.{1,2}(/|$))[^/\\\\:\\p{Cntrl}]+(/(?!\\.{1,2}(/|$))[^/\\\\:\\p{Cntrl}]+)*");

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
   * Path of a file in a snapshot.
   *
   * @throws HubException if the name could lead out of the snapshot's folder, on any system
   */
  Path pointer(String commit, String file) {
    if (!SAFE_NAME.matcher(file).matches()) {
      throw new HubException(Reason.DAMAGED,
          "The hub lists a file named '%s', which may lead out of the repository's folder: do not"
              + " use this repository.",
          file.replaceAll("\\p{Cntrl}", "?"));
    }
    return snapshot(commit).resolve(file);
  }

  /** The commit a branch or tag pointed to when last looked up; a commit is its own. */
  Optional<String> commit(String revision) {
    Path ref = storage.resolve("refs").resolve(revision);
    if (COMMIT.matcher(revision).matches()) {
      return Optional.of(revision);
    }
    try {
      return Files.isRegularFile(ref)
          ? Optional.of(Files.readString(ref).strip()).filter(c -> COMMIT.matcher(c).matches())
          : Optional.empty();
    } catch (IOException e) {
      throw storageError(ref, e);
    }
  }

  /**
   * Writes down where a branch or tag points to, and what the hub says of the commit, so that a partial snapshot is
   * known as one when the hub cannot be reached. A cache that can only be read is left as it is.
   */
  void note(String revision, RepoInfo info) {
    try {
      if (!commit(revision).equals(Optional.of(info.commit()))) {
        AtomicFiles.writeString(storage.resolve("refs").resolve(revision), info.commit());
      }
      if (noted(info.commit()).isEmpty()) {
        AtomicFiles.writeString(notePath(info.commit()), info.toJson());
      }
    } catch (CheckpointException e) {
      // files that are there can be read without it; a download says what is wrong with the cache
    }
  }

  /** What the hub said of a commit at an earlier time. */
  Optional<RepoInfo> noted(String commit) {
    return json(notePath(commit)).flatMap(RepoInfo::fromJson);
  }

  private Path notePath(String commit) {
    return storage.resolve(".coldstart").resolve(commit + ".json");
  }

  /**
   * The files of a commit as far as the cache knows: by our note, by the listing that Python's snapshot_download keeps
   * (huggingface_hub 2.4, _tree_cache.py), or else those in the snapshot folder.
   */
  RepoInfo repoInfo(String commit) {
    Optional<RepoInfo> noted = noted(commit);
    if (noted.isPresent()) {
      return noted.get();
    }
    Optional<JsonObject> tree = json(storage.resolve("trees").resolve(commit + ".json"));
    Stream<String> files = tree.isPresent() && tree.get().get("files") instanceof JsonObject listing
        ? listing.entrySet().stream().map(Map.Entry::getKey)
        : present(snapshot(commit)).stream();
    return new RepoInfo(commit, files.sorted().toList(), new JsonObject());
  }

  private static List<String> present(Path folder) {
    try (Stream<Path> walk = Files.isDirectory(folder) ? Files.walk(folder) : Stream.empty()) {
      return walk.filter(Files::isRegularFile)
        .map(file -> folder.relativize(file).toString().replace('\\', '/'))
        .toList();
    } catch (IOException | UncheckedIOException e) {
      throw storageError(folder, e);
    }
  }

  /** A JSON object from a file; empty when there is none, or a damaged one. */
  private static Optional<JsonObject> json(Path file) {
    try {
      return Files.isRegularFile(file) ? Optional.of(Json.parse(Files.readString(file)).getAsJsonObject())
          : Optional.empty();
    } catch (IOException | JsonParseException | IllegalStateException e) {
      return Optional.empty();
    }
  }

  /**
   * Puts a blob into a snapshot: by a relative link, or where links are not to be had by moving a new blob and copying
   * an old one, which other snapshots may link to.
   */
  void link(String etag, Path pointer, boolean isNew) {
    Path blob = blob(etag);
    try {
      Files.createDirectories(pointer.getParent());
      Files.deleteIfExists(pointer); // a link whose blob has gone
      if (settings.symlinks() && linked(blob, pointer)) {
        return;
      }
      if (isNew) {
        Files.move(blob, pointer, StandardCopyOption.REPLACE_EXISTING);
      } else {
        AtomicFiles.write(pointer, copy -> Files.copy(blob, copy));
      }
    } catch (IOException | CheckpointException e) {
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
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        channel.lock(); // until the channel closes
        action.run();
      } catch (ClosedByInterruptException | FileLockInterruptionException e) {
        throw HubException.interrupted("into " + storage, e);
      } catch (IOException e) {
        throw storageError(file, e);
      }
    }
  }

  static HubException storageError(Path path, Exception cause) {
    return new HubException(Reason.STORAGE,
        "Cannot read or write %s (%s): check its permissions and the free space, or set HF_HOME to"
            + " another folder.",
        path, cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage(), cause);
  }
}
