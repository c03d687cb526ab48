package org.coldstart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The form that all notebooks share: a head, short cells, exercises with levels, links that lead somewhere. */
class NotebookFormTest {

  private static final Path FOLDER = Path.of("notebooks");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(?:#[^)]*)?\\)");
  private static final List<String> HEAD = List.of("**You will be able to**", "**Time**", "**Builds on**", "**Article**",
      "[glossary](glossary.md)", "%load ../environment/kernel.jsh");

  /** Still without the head and the levels; the list is to become empty. */
  private static final List<String> LATER = List.of();

  private record Cell(String type, String source) {
    static Cell of(JsonElement json) {
      JsonObject cell = json.getAsJsonObject();
      String source = cell.getAsJsonArray("source").asList().stream().map(JsonElement::getAsString)
        .collect(Collectors.joining());
      return new Cell(cell.get("cell_type").getAsString(), source);
    }

    boolean isCode() {
      return type.equals("code");
    }
  }

  static List<Path> notebooks() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(file -> file.toString().endsWith(".ipynb")).sorted().toList();
    }
  }

  static List<Path> inTheNewForm() throws IOException {
    return notebooks().stream().filter(file -> !LATER.contains(file.getFileName().toString().substring(0, 2))).toList();
  }

  private static List<Cell> cells(Path notebook) throws IOException {
    return JsonParser.parseString(Files.readString(notebook)).getAsJsonObject().getAsJsonArray("cells").asList().stream()
      .map(Cell::of)
      .toList();
  }

  @ParameterizedTest
  @MethodSource("inTheNewForm")
  void theHeadSaysWhatFor(Path notebook) throws IOException {
    String head = cells(notebook).get(0).source();
    assertEquals(List.of(), HEAD.stream().filter(part -> !head.contains(part)).toList());
  }

  @ParameterizedTest
  @MethodSource("notebooks")
  void cellsAreShortAndKeepOffTheFormats(Path notebook) throws IOException {
    ToIntFunction<String> limit = code -> code.startsWith("int[] generate(") ? 25 : 15; // 10 has the article's, whole
    Predicate<String> wrong = code -> code.lines().count() > limit.applyAsInt(code)
        || code.contains("org.coldstart.io");
    assertEquals(List.of(), cells(notebook).stream().filter(Cell::isCode).map(Cell::source).filter(wrong).toList());
  }

  @ParameterizedTest
  @MethodSource("inTheNewForm")
  void exercisesHaveLevelsAndSolutions(Path notebook) throws IOException {
    List<Cell> cells = cells(notebook);
    String end = cells.get(cells.size() - 1).source();
    String exercises = end.substring(end.indexOf("## Exercises"));
    List<String> numbered = exercises.lines().filter(line -> line.matches("\\d+\\. .*")).toList();

    assertTrue(numbered.size() >= 3, exercises);
    assertTrue(numbered.stream().allMatch(line -> line.matches("\\d+\\. \\((easy|medium|hard)\\) .*")), exercises);
    assertTrue(exercises.contains("](solutions/"), exercises);
  }

  @ParameterizedTest
  @MethodSource("inTheNewForm")
  void solutionsStateTheLevelsOfTheirExercises(Path notebook) throws IOException {
    String end = cells(notebook).get(cells(notebook).size() - 1).source();
    String solutions = cells(FOLDER.resolve("solutions").resolve(notebook.getFileName())).stream()
      .filter(cell -> !cell.isCode()).map(Cell::source).collect(Collectors.joining("\n"));

    assertEquals(levels("(?m)^(\\d+)\\. \\((\\w+)\\)", end.substring(end.indexOf("## Exercises"))),
        levels("(?m)^## (\\d+)\\. .*\\((easy|medium|hard)\\)$", solutions));
  }

  private static List<String> levels(String pattern, String text) {
    return Pattern.compile(pattern).matcher(text).results().map(found -> found.group(1) + " " + found.group(2)).toList();
  }

  @ParameterizedTest
  @MethodSource("notebooks")
  void linksLeadToFiles(Path notebook) throws IOException {
    assertEquals(List.of(), broken(cells(notebook).stream().filter(cell -> !cell.isCode()).map(Cell::source)));
  }

  @ParameterizedTest
  @MethodSource("pages")
  void linksOfThePagesBesideLeadToFiles(Path page) throws IOException {
    assertEquals(List.of(), broken(Stream.of(Files.readString(page))));
  }

  static List<Path> pages() {
    return List.of(FOLDER.resolve("glossary.md"), FOLDER.resolve("from-python.md"));
  }

  private static List<String> broken(Stream<String> texts) {
    return texts.flatMap(text -> LINK.matcher(text).results())
      .map((MatchResult link) -> link.group(1))
      .filter(link -> !Files.exists(FOLDER.resolve(link)))
      .toList();
  }
}
