package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** Cells name the library, and nothing of the plumbing behind it. */
class NotebookTest {

  private static final Path SOURCES = Path.of("src/main/java");
  private static final Pattern NOT_CODE = Pattern.compile("\"(?:\\\\.|[^\"\\\\])*\"|//.*|/\\*[\\s\\S]*?\\*/");
  private static final Pattern TYPE = Pattern.compile("\\b[A-Z]\\w+\\b");

  @Test
  void everyImportIsThereAndNoneIsOfThePlumbing() {
    for (String name : Notebook.IMPORTS) {
      assertTrue(!name.contains("org.coldstart.io"), name);
      if (name.startsWith("org.coldstart.")) {
        String folder = name.substring(0, name.lastIndexOf('.')).replace('.', '/');
        assertTrue(Files.isDirectory(SOURCES.resolve(folder)), name);
      }
    }
  }

  @Test
  void noCellNamesATypeOfThePlumbing() throws IOException {
    Set<String> core = types(path -> !path.startsWith(SOURCES.resolve("org/coldstart/io")));
    Set<String> plumbing = types(path -> path.startsWith(SOURCES.resolve("org/coldstart/io")));
    plumbing.removeAll(core);
    assertTrue(plumbing.size() > 20, "there is plumbing");
    Map<String, Set<String>> named = new TreeMap<>();
    for (Map.Entry<String, String> source : cells().entrySet()) {
      Set<String> found = TYPE.matcher(NOT_CODE.matcher(source.getValue()).replaceAll(""))
        .results()
        .map(MatchResult::group)
        .filter(plumbing::contains)
        .collect(Collectors.toCollection(TreeSet::new));
      if (!found.isEmpty()) {
        named.put(source.getKey(), found);
      }
    }
    assertEquals(Map.of(), named);
  }

  private static Set<String> types(Predicate<Path> in) throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      return files.filter(file -> file.toString().endsWith(".java"))
        .filter(in)
        .map(file -> file.getFileName().toString().replace(".java", ""))
        .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  /** All code by notebook, solutions included. */
  private static Map<String, String> cells() throws IOException {
    Map<String, String> cells = new TreeMap<>();
    try (Stream<Path> files = Files.walk(Path.of("notebooks"), 2)) {
      for (Path file : files.filter(file -> file.toString().endsWith(".ipynb")).toList()) {
        cells.put(file.toString(), notebook(Files.readString(file)));
      }
    }
    assertTrue(cells.size() >= 20, "notebooks and solutions: " + cells.keySet());
    return cells;
  }

  private static String notebook(String json) {
    JsonObject notebook = JsonParser.parseString(json).getAsJsonObject();
    return StreamSupport.stream(notebook.getAsJsonArray("cells").spliterator(), false)
      .map(JsonElement::getAsJsonObject)
      .filter(cell -> cell.get("cell_type").getAsString().equals("code"))
      .flatMap(cell -> StreamSupport.stream(cell.getAsJsonArray("source").spliterator(), false))
      .map(JsonElement::getAsString)
      .collect(Collectors.joining("", "", "\n"));
  }
}
