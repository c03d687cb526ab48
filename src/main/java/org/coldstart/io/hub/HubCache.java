package org.coldstart.io.hub;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.hub.HubException.Reason;
import org.coldstart.io.hub.HubRepository.Info;
import org.coldstart.io.hub.HubRepository.RemoteFile;

/**
 * One repository's folder in the cache, laid out as Python's huggingface_hub does: contents in {@code blobs} under
 * their ETag, {@code refs} from branch to commit, and {@code snapshots/<commit>} with links into {@code blobs}. What
 * the hub said of a commit is noted beside them, for only that tells a partial snapshot when the hub cannot be reached.
 */
record HubCache(HubSettings settings, HubRepository repository) {

  static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final Map<Path, Object> LOCKS = new ConcurrentHashMap<>();

  /** Relative, without empty parts, {@code .} and {@code ..}, and what Windows reads as drive, stream or separator. */
  private static final Pattern SAFE_NAME = Pattern
    .compile("(?!\\.{1,2}(/|$))[^/\\\\:\\p{Cntrl}]+(/(?!\\.{1,2}(/|$))[^/\\\\:\\p{Cntrl}]+)*");

  private Path storage(String folder) {
    return settings.cache().resolve(repository.folderName()).resolve(folder);
  }

  Path blob(String etag) {
    return storage("blobs").resolve(etag);
  }

  Path snapshot(String commit) {
    return storage("snapshots").resolve(commit);
  }

  /** Path of a file in a snapshot; fails if the name could lead out of the snapshot's folder, on any system. */
  Path pointer(Path snapshot, String file) {
    if (!SAFE_NAME.matcher(file).matches()) {
      throw new HubException(Reason.DAMAGED,
          "The hub lists a file named '%s', which may lead out of the repository's folder: do not use this repository.",
          file.replaceAll("\\p{Cntrl}", "?"));
    }
    return snapshot.resolve(file);
  }

  /** The commit a branch or tag pointed to when last looked up; a commit is its own. */
  Optional<String> commit(String revision) {
    return (COMMIT.matcher(revision).matches() ? Optional.of(revision) : text("refs", revision))
      .filter(commit -> COMMIT.matcher(commit).matches());
  }

  /**
   * Writes down where the revision points to and what the hub answered about it. A cache that can only be read is left
   * as it is: files that are there can be read without it, and a download says what is wrong.
   */
  void note(String commit, String answer) {
    try {
      if (!commit(repository.revision()).equals(Optional.of(commit))) {
        AtomicFiles.writeString(storage("refs").resolve(repository.revision()), commit);
      }
      if (noted(commit).isEmpty()) {
        AtomicFiles.writeString(storage(".coldstart").resolve(commit + ".json"), answer);
      }
    } catch (CheckpointException e) {
      // see above
    }
  }

  /** What the hub answered about a commit at an earlier time. */
  Optional<Info> noted(String commit) {
    return text(".coldstart", commit + ".json").flatMap(answer -> Info.parse(repository, answer));
  }

  /** The files of a commit as far as the cache knows. */
  Info known(String commit) {
    return noted(commit).orElseGet(() -> new Info(commit,
        names(commit).stream().collect(Collectors.toMap(n -> n, n -> new RemoteFile(repository, commit, n, "", 0))),
        new JsonObject()));
  }

  private record Tree(Map<String, Object> files) {}

  /** By the listing that Python's snapshot_download keeps (huggingface_hub 2.4, _tree_cache.py), or by the snapshot. */
  private Set<String> names(String commit) {
    try {
      return new Gson().fromJson(text("trees", commit + ".json").orElse(""), Tree.class).files.keySet();
    } catch (JsonParseException | NullPointerException e) {
      return present(snapshot(commit));
    }
  }

  private static Set<String> present(Path folder) {
    try (Stream<Path> walk = Files.isDirectory(folder) ? Files.walk(folder) : Stream.empty()) {
      return walk.filter(Files::isRegularFile)
        .map(file -> folder.relativize(file).toString().replace('\\', '/'))
        .collect(Collectors.toSet());
    } catch (IOException | UncheckedIOException e) {
      throw HubException.storage(folder, e);
    }
  }

  /** A file's text; empty when there is none to read. */
  private Optional<String> text(String folder, String name) {
    try {
      return Optional.of(Files.readString(storage(folder).resolve(name)).strip());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * Puts a blob into a snapshot: by a relative link, or where links are not to be had by moving a new blob and copying
   * an old one, which other snapshots may link to.
   */
  void link(Path blob, Path pointer, boolean isNew) {
    try {
      Files.createDirectories(pointer.getParent());
      Files.deleteIfExists(pointer); // a link whose blob has gone
      if (settings.symlinks()) {
        try {
          Files.createSymbolicLink(pointer, pointer.getParent().relativize(blob));
          return;
        } catch (FileAlreadyExistsException e) {
          return; // another process, Python's hub perhaps, has just put the same link there
        } catch (IOException | UnsupportedOperationException e) {
          // Windows without developer mode, some network drives
        }
      }
      if (isNew) {
        Files.move(blob, pointer, StandardCopyOption.REPLACE_EXISTING);
      } else {
        AtomicFiles.write(pointer, copy -> Files.copy(blob, copy));
      }
    } catch (IOException | CheckpointException e) {
      throw HubException.storage(pointer, e);
    }
  }

  /** Runs an action while no other thread or process downloads the same content. */
  void locked(String etag, Runnable action) {
    Path file = settings.cache().resolve(".locks").resolve(repository.folderName()).resolve(etag + ".lock");
    synchronized (LOCKS.computeIfAbsent(file, f -> new Object())) {
      try {
        Files.createDirectories(file.getParent());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
          channel.lock(); // until the channel closes
          action.run();
        }
      } catch (ClosedByInterruptException | FileLockInterruptionException e) {
        throw HubException.interrupted("into " + settings.cache(), e);
      } catch (IOException e) {
        throw HubException.storage(file, e);
      }
    }
  }
}
