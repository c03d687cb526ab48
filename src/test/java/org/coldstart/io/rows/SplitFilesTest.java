package org.coldstart.io.rows;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import org.coldstart.io.json.Json;
import org.junit.jupiter.api.Test;

/** Which files make up which split. */
class SplitFilesTest {
  @Test
  void shardsFoldersAndNamesTellTheSplit() {
    assertEquals(
        Map.of("train", List.of("data/train-00000-of-00002.parquet", "data/train-00001-of-00002-ab12.parquet"), "extra",
            List.of("data/extra-00000-of-00001.parquet")),
        splits("data/train-00000-of-00002.parquet", "data/train-00001-of-00002-ab12.parquet",
            "data/extra-00000-of-00001.parquet", "test.csv"));
    assertEquals(Map.of("train", List.of("x/training/1.csv"), "test", List.of("my-eval/2.csv")),
        splits("x/training/1.csv", "my-eval/2.csv", "other/3.csv"));
    assertEquals(
        Map.of("train", List.of("train.jsonl"), "validation", List.of("my_dev.jsonl"), "test", List.of("test-1.jsonl")),
        splits("train.jsonl", "my_dev.jsonl", "test-1.jsonl"));
    assertEquals(Map.of("train", List.of("reasoning.jsonl")),
        splits("README.md", "reasoning.jsonl", "dataset_infos.json", ".hidden.jsonl"));
    assertEquals(Map.of("train", List.of("a.parquet")), splits("a.parquet", "b.csv"));
    assertEquals(Map.of(), splits("README.md", "script.py", "rows.tar"));
  }

  @Test
  void theReadmesSettingsComeFirst() {
    String two = "{'config_name': 'small', 'data_files': [{'split': 'train', 'path': 's/*'}]}";
    String main = "{'config_name': 'default', 'data_files': [{'split': 'train', 'path': ['one/*.csv',"
        + " 'b.csv']}, {'split': 'held', 'path': 'deep/**/x.csv'}]}";
    Listing described = describe("{'configs': [" + two + "," + main + "]}", "one/a.csv", "b.csv", "deep/x.csv",
        "deep/er/x.csv", "s/t.csv");
    assertEquals(Map.of("train", List.of("one/a.csv", "b.csv"), "held", List.of("deep/x.csv", "deep/er/x.csv")),
        described.splits(""));
    Listing ambiguous = describe("{'configs': [" + two + "," + two.replace("small", "large") + "]}", "s/t.csv");
    assertTrue(assertThrows(RowException.class, () -> ambiguous.splits("")).getMessage().contains("small, large"));
  }

  @Test
  void theConversionToParquetHasAFolderForEachSplit() {
    assertEquals(
        Map.of("train", List.of("default/partial-train/0000.parquet"), "test", List.of("default/test/0000.parquet")),
        SplitFiles.ofConversion(
            List.of("default/partial-train/0000.parquet", "default/test/0000.parquet", ".gitattributes"), ""));
  }

  @Test
  void aConfigurationIsChosenByItsName() {
    Listing several = describe(
        "{'configs': [{'config_name': 'main', 'data_files': 'main/*.jsonl'},"
            + " {'config_name': 'socratic', 'data_dir': './socratic'}]}",
        "main/a.jsonl", "socratic/test.jsonl", "socratic/train.jsonl", "test.jsonl");
    assertEquals(Map.of("train", List.of("main/a.jsonl")), several.splits("main"));
    assertEquals(Map.of("train", List.of("socratic/train.jsonl"), "test", List.of("socratic/test.jsonl")),
        several.splits("socratic"));
    assertEquals("The data set has no configuration 'x': it has main, socratic.",
        assertThrows(RowException.class, () -> several.splits("x")).getMessage());
    assertEquals(
        "The data set has several configurations and no default one (main, socratic): name one of"
            + " them, as in DataSet.load(name, \"main\", \"train\").",
        assertThrows(RowException.class, () -> several.splits("")).getMessage());
    Listing converted = describe("{}", "main/train/0000.parquet", "socratic/train/0000.parquet");
    assertEquals(Map.of("train", List.of("socratic/train/0000.parquet")),
        SplitFiles.ofConversion(converted.files(), "socratic"));
  }

  @Test
  void theReadmeMayMarkOneAsTheDefault() {
    Listing marked = describe("{'configs': [{'config_name': 'a', 'data_files': 'a.csv'},"
        + " {'config_name': 'b', 'data_files': 'b.csv', 'default': true}]}", "a.csv", "b.csv");
    assertEquals(Map.of("train", List.of("b.csv")), marked.splits(""));
    assertEquals(Map.of("train", List.of("a.csv")), marked.splits("a"));
  }

  private static Map<String, List<String>> splits(String... files) {
    return describe("{}", files).splits("");
  }

  private static Listing describe(String card, String... files) {
    return new Listing(List.of(files), Json.parse(card.replace('\'', '"')).getAsJsonObject());
  }

  private record Listing(List<String> files, JsonObject card) {
    Map<String, List<String>> splits(String configuration) {
      return SplitFiles.of(files, card, configuration);
    }
  }
}
