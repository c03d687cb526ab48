package org.coldstart;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A simple name means one thing: in the library, and in a cell beside what cells import. */
class NamesTest {

  private static final List<String> IMPORTED = List.of("java.lang", "java.nio.file", "java.util", "java.util.function",
      "java.util.stream", "ai.djl.ndarray", "ai.djl.ndarray.types", "tech.tablesaw.api", "org.knowm.xchart");

  @Test
  void noTwoTypesShareASimpleName() throws IOException {
    Map<String, List<Path>> files = new TreeMap<>();
    for (Path source : sources()) {
      files.merge(simpleName(source), List.of(source), (a, b) -> Stream.concat(a.stream(), b.stream()).toList());
    }
    files.values().removeIf(list -> list.size() == 1);
    assertEquals(Map.of(), files);
  }

  @Test
  void noTypeTakesANameThatCellsImport() throws IOException {
    List<String> taken = sources().stream()
      .map(NamesTest::simpleName)
      .flatMap(name -> IMPORTED.stream().map(imported -> imported + "." + name))
      .filter(NamesTest::exists)
      .collect(Collectors.toList());
    assertEquals(List.of(), taken);
  }

  private static boolean exists(String name) {
    try {
      Class.forName(name, false, NamesTest.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  private static String simpleName(Path source) {
    return source.getFileName().toString().replace(".java", "");
  }

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      return files.filter(file -> file.toString().endsWith(".java"))
        .filter(file -> !file.endsWith("package-info.java"))
        .sorted()
        .toList();
    }
  }
}
