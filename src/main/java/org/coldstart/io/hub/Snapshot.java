package org.coldstart.io.hub;

import java.nio.file.Path;
import java.util.List;

/**
 * Files of a repository at one commit, on this machine.
 *
 * @param folder the snapshot folder in the cache
 * @param commit the commit they belong to
 * @param files their names in the repository, in the order in which they were chosen; each lies
 *     under {@code folder}
 */
public record Snapshot(Path folder, String commit, List<String> files) {
  /** The chosen files' paths. */
  public List<Path> paths() {
    return files.stream().map(folder::resolve).toList();
  }
}
