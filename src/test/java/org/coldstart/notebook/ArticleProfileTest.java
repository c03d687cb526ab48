package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;
import static tech.tablesaw.api.ColumnType.STRING;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tech.tablesaw.api.Table;
import tech.tablesaw.io.csv.CsvReadOptions;

/**
 * The profile {@code article} is the article: the notebooks' recipes beside {@code environment/articles.csv}, which has
 * a setting a line (a Java expression), the article's value, and where the article has it. Of a notebook the cells
 * tagged {@code recipe} are run, without a model.
 */
class ArticleProfileTest {

  /** What the cells would find: a tokenizer, and a token that opens a turn. */
  private static final String BEFORE = """
      Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of("src/test/resources/tokenizer/tiny"));
      String source = "<|im_start|>";
      Sample text = new Text("one two ", "three four");
      DataSet longer = DataSet.fromList(List.of(Map.of("prompt", "one two three ", "completion", "four five six")));
      """;

  @TestFactory
  Stream<DynamicTest> theProfileIsTheArticle() {
    Table articles = Table.read().csv(CsvReadOptions.builder("environment/articles.csv").columnTypes(name -> STRING));
    return articles.stringColumn("notebook").unique().asList().stream().map(notebook -> {
      Table own = articles.where(articles.stringColumn("notebook").isEqualTo(notebook));
      List<String> settings = own.stringColumn("setting").asList();
      List<String> article = own.stringColumn("article").asList();
      String expected = IntStream.range(0, settings.size())
        .mapToObj(i -> settings.get(i) + " = " + article.get(i))
        .collect(Collectors.joining("\n"));
      return dynamicTest(notebook, () -> assertEquals(expected, values(notebook, Profile.ARTICLE, settings)));
    });
  }

  @Test
  void theQuickProfileIsAnother() throws IOException {
    assertEquals("config.learningRate() = 3.0E-4",
        values("04-training", Profile.QUICK, List.of("config.learningRate()")));
  }

  /** What expressions come to after a notebook's cells tagged {@code recipe}, a line each. */
  private static String values(String notebook, Profile profile, List<String> expressions) throws IOException {
    System.setProperty("COLDSTART_PROFILE", profile.toString());
    try (JShell shell = JShell.builder().executionEngine("local").build()) {
      shell.addToClasspath(System.getProperty("java.class.path"));
      run(shell, "import " + String.join(";\nimport ", Notebook.IMPORTS) + ";");
      run(shell, BEFORE);
      List<String> cells = recipe(notebook);
      assertTrue(!cells.isEmpty(), notebook + " has no cell with the tag recipe");
      cells.forEach(cell -> run(shell, cell));
      String all = run(shell, "List.<Object>of(" + String.join(",\n", expressions) + ").stream().map(String::valueOf)"
          + ".collect(Collectors.joining(\"\\t\"))");
      String[] values = all.substring(1, all.length() - 1).split("\\\\t");
      return IntStream.range(0, expressions.size())
        .mapToObj(i -> expressions.get(i) + " = " + values[i])
        .collect(Collectors.joining("\n"));
    } finally {
      System.clearProperty("COLDSTART_PROFILE");
    }
  }

  private static List<String> recipe(String notebook) throws IOException {
    String json = Files.readString(Path.of("notebooks", notebook + ".ipynb"));
    return JsonParser.parseString(json)
      .getAsJsonObject()
      .getAsJsonArray("cells")
      .asList()
      .stream()
      .map(JsonElement::getAsJsonObject)
      .filter(cell -> cell.getAsJsonObject("metadata").toString().contains("\"recipe\""))
      .map(ArticleProfileTest::source)
      .toList();
  }

  private static String source(JsonObject cell) {
    return cell.getAsJsonArray("source").asList().stream().map(JsonElement::getAsString).collect(Collectors.joining());
  }

  /** Runs source, one snippet after the other, and returns the last one's value. */
  private static String run(JShell shell, String source) {
    String value = null;
    for (String rest = source; !rest.isBlank();) {
      CompletionInfo next = shell.sourceCodeAnalysis().analyzeCompletion(rest);
      String snippet = next.completeness().isComplete() ? next.source() : rest;
      for (SnippetEvent event : shell.eval(snippet)) {
        if (event.exception() != null || event.status() == Snippet.Status.REJECTED) {
          throw new AssertionError(snippet + "\n" + event.exception() + shell.diagnostics(event.snippet())
            .map(error -> error.getMessage(null))
            .toList());
        }
        value = event.value();
      }
      rest = next.completeness().isComplete() ? next.remaining() : "";
    }
    return value;
  }
}
