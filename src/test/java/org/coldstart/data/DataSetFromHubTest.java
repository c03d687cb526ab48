package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.coldstart.io.hub.Hub;
import org.coldstart.io.hub.HubException;
import org.coldstart.io.hub.HubSettings;
import org.coldstart.io.hub.LocalHub;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataSetFromHubTest {
  @TempDir
  Path cache;
  private final LocalHub server = new LocalHub();

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void loadsARangeByName() {
    server.add("datasets/owner/rows", "main")
      .file("README.md", "# rows")
      .file("rows.jsonl", "{\"a\": \"x\"}\n".repeat(200));
    DataSet rows = loader(false).load("owner/rows", "train[:150]");
    assertEquals(150, rows.size());
    assertEquals("x", rows.get(149).text("a"));
    assertTrue(Files.exists(cache.resolve("datasets--owner--rows/refs/main")));
    assertEquals(200, loader(true).load("owner/rows", "train").size());
    String message = assertThrows(DataException.class, () -> loader(false).load("owner/rows", "test")).getMessage();
    assertEquals("owner/rows has no split 'test': it has train.", message);
  }

  @Test
  void fallsBackToTheConversionToParquet() throws IOException {
    server.add("datasets/owner/script", "main").file("script.py", "pass");
    server.add("datasets/owner/script", "refs/convert/parquet")
      .file("default/train/0000.parquet",
          Files.readAllBytes(Path.of("src/test/resources/data/conversations-zstd.parquet")));
    assertEquals(40, loader(false).load("owner/script", "train").size());
    assertEquals(40, loader(true).load("owner/script", "train").size());
  }

  @Test
  void saysThatARepositoryHasNoRows() {
    server.add("datasets/owner/pictures", "main").file("cat.png", "x");
    String message = assertThrows(DataException.class, () -> loader(false).load("owner/pictures", "train"))
      .getMessage();
    assertEquals("There is no .jsonl, .json, .csv, .tsv or .parquet file in owner/pictures.", message);
  }

  @Test
  void loadsOneOfSeveralConfigurationsAndOnlyItsFiles() {
    server.add("datasets/owner/several", "main")
      .card(Map.of("configs",
          List.of(Map.of("config_name", "main", "data_files", "main/*"),
              Map.of("config_name", "other", "data_files", "other/*"))))
      .file("main/train.jsonl", "{\"a\": \"m\"}")
      .file("other/train.jsonl", "{\"a\": \"o\"}");
    assertEquals(List.of("o"), loader(false, "other").load("owner/several", "train").column("a"));
    assertEquals(List.of("o"), loader(true, "other").load("owner/several", "train").column("a"));
    assertThrows(HubException.class, () -> loader(true, "main").load("owner/several", "train"));
    assertThrows(DataException.class, () -> loader(false).load("owner/several", "train"));
  }

  private DataSetLoader loader(boolean offline) {
    return loader(offline, "");
  }

  private DataSetLoader loader(boolean offline, String configuration) {
    HubSettings settings = server.settings(cache);
    Hub hub = new Hub(new HubSettings(settings.endpoint(), cache, Optional.empty(), offline, true), state -> {});
    return new DataSetLoader(() -> hub, configuration);
  }
}
