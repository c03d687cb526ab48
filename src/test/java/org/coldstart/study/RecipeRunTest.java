package org.coldstart.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecipeRunTest {

  @TempDir
  Path folder;

  private static RecipeRun run(String kind, int questions, int exact) {
    return new RecipeRun("tiny", "rows", 32, 1, 2, 1, kind, questions, new RecipeRun.Counts(9, 8, exact, 3), 40.5,
        3.0625, 0.5, 170, 12, "2 cores, \"busy\"");
  }

  @Test
  void runsComeBackAsTheyWereWritten() {
    List<RecipeRun> runs = List.of(run(RecipeRun.ALL, 10, 6), run("ages", 2, 1));
    Path file = folder.resolve("rows.csv");
    RecipeRun.writeAll(file, runs);
    assertEquals(runs, RecipeRun.readAll(file));
    assertEquals("60 % (31–83 %)", "" + runs.get(0).exact());
    assertTrue(runs.get(0).overall() && !runs.get(1).overall());
  }

  @Test
  void noFileIsNoRuns() {
    assertEquals(List.of(), RecipeRun.readAll(folder.resolve("none.csv")));
  }

  @Test
  void theKindsOfACommittedRunAddUpAndItsRepliesAreThere() throws IOException {
    for (String name : List.of("rows", "role", "instruction")) {
      List<RecipeRun> runs = RecipeRun.readAll(Path.of("data/studies", name + ".csv"));
      for (RecipeRun all : runs.stream().filter(RecipeRun::overall).toList()) {
        List<RecipeRun> kinds = runs.stream()
          .filter(run -> !run.overall() && run.recipe().equals(all.recipe()) && run.rows() == all.rows())
          .toList();
        if (!name.equals("instruction")) {
          assertEquals(all.questions(), kinds.stream().mapToInt(RecipeRun::questions).sum(), all.toString());
          assertEquals(all.replyCounts().exact(), kinds.stream().mapToInt(run -> run.replyCounts().exact()).sum());
        }
        Path replies = Path.of("data/studies", all.recipe().replace(' ', '-') + "-" + all.rows() + "-replies.jsonl");
        try (Stream<String> lines = Files.lines(replies)) {
          assertEquals(40, lines.count(), replies.toString());
        }
      }
    }
  }
}
