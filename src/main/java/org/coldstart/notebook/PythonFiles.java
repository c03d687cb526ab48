package org.coldstart.notebook;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A temporary folder for what goes to and comes from a Python script; gone when closed. */
final class PythonFiles implements AutoCloseable {

  private final Path folder;

  PythonFiles() throws IOException {
    folder = Files.createTempDirectory("coldstart-python");
  }

  Path path(String name) {
    return folder.resolve(name);
  }

  @Override
  public void close() throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.toList();
    }
    for (Path file : files) {
      Files.delete(file);
    }
    Files.delete(folder);
  }
}
