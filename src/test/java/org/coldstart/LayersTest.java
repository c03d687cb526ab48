package org.coldstart;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The order of the packages: each knows only those below it, and one alone knows DJL's engine. */
class LayersTest {

  private static final Path ROOT = Path.of("src/main/java/org/coldstart");

  /** From the lowest up; a package and the packages in it are one. */
  private static final List<String> LAYERS =
      List.of(
          "json",
          "hub",
          "checkpoint",
          "torch",
          "tokenizer",
          "model",
          "data",
          "generate",
          "train",
          "evaluate",
          "study",
          "notebook",
          "bench");

  private static final Pattern MENTION = Pattern.compile("\\borg\\.coldstart\\.([a-z]+)\\.");

  @Test
  void noPackageKnowsOneAboveIt() throws IOException {
    assertEquals(List.of(), sourcesThat(LayersTest::looksUp), "look up, or stand in no layer");
  }

  @Test
  void onlyTorchKnowsTheEngine() throws IOException {
    List<String> found =
        sourcesThat(
            source -> !layer(source).equals("torch") && read(source).contains("ai.djl.pytorch"));
    assertEquals(List.of(), found, "know DJL's engine");
  }

  private static boolean looksUp(Path source) {
    int own = LAYERS.indexOf(layer(source));
    Matcher mentions = MENTION.matcher(read(source));
    return own < 0 || mentions.results().anyMatch(m -> LAYERS.indexOf(m.group(1)) > own);
  }

  private static String layer(Path source) {
    return ROOT.relativize(source).getName(0).toString();
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
