package org.coldstart.tools.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.study.RecipeRun;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs on a tiny model: what is kept of them, not how good it is. */
class RecipeStudyTest {

  @TempDir
  Path folder;

  @BeforeEach
  void tinyModel() {
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      model.savePretrained(folder.resolve("tiny"));
      tokenizer.save(folder.resolve("tiny"));
    }
  }

  private RecipeStudy into(String results) {
    return new RecipeStudy(folder.resolve("tiny").toString(), folder.resolve(results), folder.resolve("work"), 4, 1,
        "here");
  }

  @Test
  void everyRecipeIsTrainedAskedAndKept() throws IOException {
    List<Recipe> recipes = List.of(new Recipe.Tags(), new Recipe.Role(true), new Recipe.Role(false),
        new Recipe.Instruction());
    for (Recipe recipe : recipes) {
      into("results").run("runs.csv", recipe, 16, 1);
      RecipeRun run = RecipeRun.readAll(folder.resolve("results/runs.csv"))
        .stream()
        .filter(it -> it.recipe().equals(recipe.name()) && it.overall())
        .findFirst()
        .orElseThrow();
      assertEquals(4, run.questions());
      assertTrue(run.steps() > 0 && run.lossAfter() > 0, run.toString());
      String replies = recipe.name().replace(' ', '-') + "-16-replies.jsonl";
      assertEquals(4, Files.readAllLines(folder.resolve("results").resolve(replies)).size());
    }
    List<String> kinds = RecipeRun.readAll(folder.resolve("results/runs.csv"))
      .stream()
      .filter(it -> it.recipe().equals("rows"))
      .map(RecipeRun::kind)
      .toList();
    assertEquals(List.of("all", "average", "divisible", "letter count", "sequence"), kinds);
  }

  @Test
  void whatIsDoneIsNotRepeated() throws IOException {
    into("results").run("runs.csv", new Recipe.Tags(), 0, 1);
    Path file = folder.resolve("results/runs.csv");
    Files.setLastModifiedTime(file, FileTime.fromMillis(0));
    into("results").run("runs.csv", new Recipe.Tags(), 0, 1);
    assertEquals(FileTime.fromMillis(0), Files.getLastModifiedTime(file));
  }

  @Test
  void aStoppedRunGoesOnAndEndsAsOneLeftAlone() {
    into("alone").run("runs.csv", new Recipe.Tags(), 48, 1);
    Recipe interrupted = (Recipe) Proxy.newProxyInstance(Recipe.class.getClassLoader(), new Class<?>[] {Recipe.class},
        (proxy, method, arguments) -> {
          if (method.getName().equals("config")) {
            Thread.currentThread().interrupt();
          }
          return method.invoke(new Recipe.Tags(), arguments);
        });
    assertThrows(CancellationException.class, () -> into("stopped").run("runs.csv", interrupted, 48, 1));
    assertFalse(Files.exists(folder.resolve("stopped/runs.csv")));
    into("stopped").run("runs.csv", new Recipe.Tags(), 48, 1);
    assertEquals(withoutTimes("alone"), withoutTimes("stopped"));
  }

  private List<List<Object>> withoutTimes(String results) {
    return RecipeRun.readAll(folder.resolve(results).resolve("runs.csv"))
      .stream()
      .map(run -> List.<Object>of(run.kind(), run.steps(), run.lossBefore(), run.lossAfter(), run.replyCounts()))
      .toList();
  }
}
