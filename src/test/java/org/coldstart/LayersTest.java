package org.coldstart;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The order of the packages: each knows only those below it, sub-packages included, and one alone
 * knows DJL's engine. Tools stand outside the library, which does not know them.
 */
class LayersTest {

  private static final Path ROOT = Path.of("src/main/java/org/coldstart");

  /** From the lowest up: first what nobody needs to read, then the library. */
  private static final List<String> LAYERS =
      List.of(
          "io.json",
          "io.files",
          "io.hub",
          "io.safetensors",
          "io.config",
          "io.gguf",
          "io.checkpoint",
          "io.torch",
          "io.jinja",
          "tokenizer",
          "model",
          "data",
          "data.village",
          "generate",
          "train",
          "evaluate",
          "study",
          "notebook");

  private static final Pattern MENTION =
      Pattern.compile("\\borg\\.coldstart\\.((?:[a-z]+\\.)*[a-z]+)\\.[A-Z]");

  @Test
  void noPackageKnowsOneAboveIt() throws IOException {
    assertEquals(List.of(), sourcesThat(LayersTest::looksUp), "look up, or stand in no layer");
  }

  @Test
  void onlyTorchKnowsTheEngine() throws IOException {
    List<String> found =
        sourcesThat(
            source ->
                !layer(source).equals("io.torch") && read(source).contains("ai.djl.pytorch"));
    assertEquals(List.of(), found, "know DJL's engine");
  }

  private static boolean looksUp(Path source) {
    int own = LAYERS.indexOf(layer(source));
    if (source.endsWith("package-info.java")) {
      return false; // describes the rooms, whichever they are
    }
    return own < 0
        || MENTION
            .matcher(read(source))
            .results()
            .map(mention -> LAYERS.indexOf(mention.group(1)))
            .anyMatch(known -> known > own || known < 0);
  }

  private static String layer(Path source) {
    return ROOT.relativize(source.getParent()).toString().replace('/', '.');
  }

  private static List<String> sourcesThat(Predicate<Path> condition) throws IOException {
    try (Stream<Path> files = Files.walk(ROOT)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .filter(condition)
          .map(Path::toString)
          .sorted()
          .toList();
    }
  }

  private static String read(Path source) {
    try {
      return Files.readString(source);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
