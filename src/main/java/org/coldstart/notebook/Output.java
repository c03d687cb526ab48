package org.coldstart.notebook;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;

/** Where notebooks leave what they make: checkpoints, logs, results. Nothing in it is stored with the project. */
public final class Output {

  private Output() {}

  /** The folder COLDSTART_OUTPUT names, or else {@code output} in the checkout. */
  public static Path folder() {
    String given = System.getProperty("COLDSTART_OUTPUT", System.getenv("COLDSTART_OUTPUT"));
    return given == null || given.isBlank() ? projectRoot().resolve("output") : Path.of(given).toAbsolutePath();
  }

  /** A file or folder below {@link #folder()}: {@code Output.path("04-training")}. */
  public static Path path(String name) {
    return folder().resolve(name);
  }

  /**
   * Where notebook 04 leaves what it trained from a model, and 05 and 06 find it: {@code
   * model/NAME/final_model}.
   *
   * @param model the name or path of the model that training began with
   */
  public static Path finalModel(String model) {
    String name = model.replaceAll("[^\\p{L}\\p{N}._-]+|^\\.+", "--");
    return path("model").resolve(name).resolve("final_model");
  }

  /** The nearest folder above the current one that holds the project's pom.xml; the current one if none does. */
  static Path projectRoot() {
    Path current = Path.of("").toAbsolutePath();
    return Stream.iterate(current, Objects::nonNull, Path::getParent)
      .filter(folder -> Files.exists(folder.resolve("pom.xml")))
      .findFirst()
      .orElse(current);
  }
}
