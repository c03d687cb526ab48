package org.coldstart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The order of the packages: each knows only those below it, sub-packages included, and one alone knows DJL's engine.
 * Tools stand outside the library, which does not know them.
 */
class LayersTest {

  private static final Path ROOT = Path.of("src/main/java/org/coldstart");

  /** From the lowest up: first what nobody needs to read, then the library. */
  private static final List<String> LAYERS = List.of("io", "io.json", "io.files", "io.hub", "io.rows", "io.safetensors",
      "io.config", "io.gguf", "io.checkpoint", "io.torch", "io.jinja", "io.tokenizer", "tokenizer", "model", "data",
      "data.village", "lora", "generate", "train", "evaluate", "study", "notebook");

  private static final Pattern MENTION = Pattern.compile("\\borg\\.coldstart\\.((?:[a-z]+\\.)*[a-z]+)\\.[A-Z]");

  private static final Pattern WORD = Pattern.compile("\\b[A-Z]\\w*");
  private static final Pattern IMPORT = Pattern
    .compile("import (?:static )?(org\\.coldstart\\.(?:[a-z]+\\.)*[A-Z]\\w*)");

  @Test
  void noPackageKnowsOneAboveIt() throws IOException {
    assertEquals(List.of(), sourcesThat(LayersTest::looksUp), "look up, or stand in no layer");
  }

  @Test
  void onlyTorchKnowsTheEngine() throws IOException {
    List<String> found = sourcesThat(
        source -> !layer(source).equals("io.torch") && read(source).contains("ai.djl.pytorch"));
    assertEquals(List.of(), found, "know DJL's engine");
  }

  /** What {@code Decoder} needs, directly or by way of what it needs: imports and neighbours. */
  @Test
  void theDecoderNeedsLittleAndNoAdapterTrainerHubOrTokenizer() throws IOException {
    Set<Path> closure = new TreeSet<>();
    Deque<Path> next = new ArrayDeque<>(List.of(ROOT.resolve("model/Decoder.java")));
    Map<String, Path> sources = new HashMap<>();
    sourcesThat(source -> true).forEach(name -> sources.put(className(Path.of(name)), Path.of(name)));
    while (!next.isEmpty()) {
      Path source = next.pop();
      if (closure.add(source)) {
        String code = withoutComments(read(source));
        WORD.matcher(code)
          .results()
          .map(word -> sources.get("org.coldstart." + layer(source) + "." + word.group()))
          .filter(Objects::nonNull)
          .forEach(next::add);
        IMPORT.matcher(code)
          .results()
          .map(name -> sources.get(name.group(1)))
          .filter(Objects::nonNull)
          .forEach(next::add);
      }
    }
    assertTrue(closure.size() <= 60, closure.size() + " files: " + closure);
    assertTrue(closure.contains(ROOT.resolve("model/Attention.java")), "neighbours are followed");
    List<Path> strangers = closure.stream()
      .filter(file -> layer(file).matches("(lora|train|tokenizer|io\\.(hub|jinja))"))
      .toList();
    assertEquals(List.of(), strangers, "of which the decoder should know nothing");
  }

  private static String className(Path source) {
    String file = source.getFileName().toString();
    return "org.coldstart." + layer(source) + "." + file.substring(0, file.indexOf('.'));
  }

  private static String withoutComments(String code) {
    return code.replaceAll("(?s)/\\*.*?\\*/", "").replaceAll("//[^\n]*", "");
  }

  private static boolean looksUp(Path source) {
    int own = LAYERS.indexOf(layer(source));
    if (source.endsWith("package-info.java")) {
      return false; // describes the rooms, whichever they are
    }
    return own < 0 || MENTION.matcher(read(source))
      .results()
      .map(mention -> LAYERS.indexOf(mention.group(1)))
      .anyMatch(known -> known > own || known < 0);
  }

  private static String layer(Path source) {
    return ROOT.relativize(source.getParent()).toString().replace('/', '.');
  }

  private static List<String> sourcesThat(Predicate<Path> condition) throws IOException {
    try (Stream<Path> files = Files.walk(ROOT)) {
      return files.filter(file -> file.toString().endsWith(".java"))
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
