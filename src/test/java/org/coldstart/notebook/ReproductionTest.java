package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.coldstart.io.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tech.tablesaw.api.Table;

class ReproductionTest {

  @Test
  void writesOneRowForEachQuantity(@TempDir Path folder) throws IOException {
    Table table = Reproduction.of("02-embeddings")
      .row("P(<think>)", "0.199994", "0.199653", "SmolLM2")
      .row("rows", "–", "4", "SmolLM2")
      .write(folder.resolve("results"));

    String json = Files.readString(folder.resolve("results/02-embeddings.json"));
    assertEquals(Json.parse("""
        [{"what": "P(<think>)", "article": "0.199994", "here": "0.199653", "model": "SmolLM2"},
         {"what": "rows", "article": "–", "here": "4", "model": "SmolLM2"}]\
        """), Json.parse(json));
    assertEquals(2, table.rowCount());
  }

  @Test
  void standsBesideWhatAFileKeepsOfOtherModels(@TempDir Path folder) {
    Reproduction.of("07").row("ended", "0 → 3", "2 → 2", "old").row("gone", "–", "1", "old").write(folder);
    Reproduction now = Reproduction.of("07").row("ended", "0 → 3", "0 → 3", "new").row("loss", "–", "2.3", "new");
    Table table = now.beside(folder.resolve("07.json"));

    assertEquals(List.of("what", "article", "new", "old"), table.columnNames());
    assertEquals(List.of("0 → 3", "2.3"), table.stringColumn("new").asList());
    assertEquals(List.of("2 → 2", "–"), table.stringColumn("old").asList());
    assertEquals(List.of("what", "article", "old"),
        Reproduction.of("07").row("ended", "0 → 3", "now", "old").beside(folder.resolve("07.json")).columnNames());
  }
}
