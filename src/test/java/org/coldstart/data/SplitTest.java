package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.coldstart.io.hub.RepoInfo;
import org.coldstart.io.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SplitTest {
  /** First and last+1 row as datasets 5.2.0 gives them for 137 and for 25 rows. */
  @ParameterizedTest
  @CsvSource({
    "train, 0, 137, 0, 25", "train[:100], 0, 100, 0, 25", "train[10:20], 10, 20, 10, 20",
        "train[-100:], 37, 137, 0, 25",
    "train[:-100], 0, 37, 0, 0", "train[:10%], 0, 14, 0, 2", "train[10%:30%], 14, 41, 2, 8",
        "train[-10%:], 123, 137, 23, 25",
    "train[:50%], 0, 68, 0, 12", "train[200:], 137, 137, 25, 25", "train[:1_0], 0, 10, 0, 10",
        "train[20:10], 20, 20, 20, 20"
  })
  void slicesAsDatasetsDoes(String split, int from, int to, int fromOfFew, int toOfFew) {
    assertEquals(LongStream.range(from, to).boxed().toList(), slice(split, 137));
    assertEquals(LongStream.range(fromOfFew, toOfFew).boxed().toList(), slice(split, 25));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "train[",
        "train[5]",
        "train[:101%]",
        "train[:x]",
        "train+test",
        "train[:99999999999]"
      })
  void refusesOtherForms(String split) {
    assertThrows(DataException.class, () -> SplitSlice.parse(split));
  }

  @Test
  void shardsFoldersAndNamesTellTheSplit() {
    assertEquals(
        Map.of(
            "train",
            List.of("data/train-00000-of-00002.parquet", "data/train-00001-of-00002-ab12.parquet"),
            "extra",
            List.of("data/extra-00000-of-00001.parquet")),
        splits(
            "data/train-00000-of-00002.parquet",
            "data/train-00001-of-00002-ab12.parquet",
            "data/extra-00000-of-00001.parquet",
            "test.csv"));
    assertEquals(
        Map.of("train", List.of("x/training/1.csv"), "test", List.of("my-eval/2.csv")),
        splits("x/training/1.csv", "my-eval/2.csv", "other/3.csv"));
    assertEquals(
        Map.of(
            "train",
            List.of("train.jsonl"),
            "validation",
            List.of("my_dev.jsonl"),
            "test",
            List.of("test-1.jsonl")),
        splits("train.jsonl", "my_dev.jsonl", "test-1.jsonl"));
    assertEquals(
        Map.of("train", List.of("reasoning.jsonl")),
        splits("README.md", "reasoning.jsonl", "dataset_infos.json", ".hidden.jsonl"));
    assertEquals(Map.of("train", List.of("a.parquet")), splits("a.parquet", "b.csv"));
    assertEquals(Map.of(), splits("README.md", "script.py", "rows.tar"));
  }

  @Test
  void theReadmesSettingsComeFirst() {
    String two = "{'config_name': 'small', 'data_files': [{'split': 'train', 'path': 's/*'}]}";
    String main =
        "{'config_name': 'default', 'data_files': [{'split': 'train', 'path': ['one/*.csv',"
            + " 'b.csv']}, {'split': 'held', 'path': 'deep/**/x.csv'}]}";
    RepoInfo described =
        describe(
            "{'configs': [" + two + "," + main + "]}",
            "one/a.csv",
            "b.csv",
            "deep/x.csv",
            "deep/er/x.csv",
            "s/t.csv");
    assertEquals(
        Map.of(
            "train", List.of("one/a.csv", "b.csv"), "held", List.of("deep/x.csv", "deep/er/x.csv")),
        SplitFiles.of(described, ""));
    RepoInfo ambiguous =
        describe("{'configs': [" + two + "," + two.replace("small", "large") + "]}", "s/t.csv");
    assertTrue(
        assertThrows(DataException.class, () -> SplitFiles.of(ambiguous, ""))
            .getMessage()
            .contains("small, large"));
  }

  @Test
  void theConversionToParquetHasAFolderForEachSplit() {
    assertEquals(
        Map.of(
            "train",
            List.of("default/partial-train/0000.parquet"),
            "test",
            List.of("default/test/0000.parquet")),
        SplitFiles.ofConversion(
            describe(
                "{}",
                "default/partial-train/0000.parquet",
                "default/test/0000.parquet",
                ".gitattributes"),
            ""));
  }

  @Test
  void aConfigurationIsChosenByItsName() {
    RepoInfo several =
        describe(
            "{'configs': [{'config_name': 'main', 'data_files': 'main/*.jsonl'},"
                + " {'config_name': 'socratic', 'data_dir': './socratic'}]}",
            "main/a.jsonl",
            "socratic/test.jsonl",
            "socratic/train.jsonl",
            "test.jsonl");
    assertEquals(Map.of("train", List.of("main/a.jsonl")), SplitFiles.of(several, "main"));
    assertEquals(
        Map.of("train", List.of("socratic/train.jsonl"), "test", List.of("socratic/test.jsonl")),
        SplitFiles.of(several, "socratic"));
    assertEquals(
        "The data set has no configuration 'x': it has main, socratic.",
        assertThrows(DataException.class, () -> SplitFiles.of(several, "x")).getMessage());
    assertEquals(
        "The data set has several configurations and no default one (main, socratic): name one of"
            + " them, as in DataSet.load(name, \"main\", \"train\").",
        assertThrows(DataException.class, () -> SplitFiles.of(several, "")).getMessage());
    RepoInfo converted =
        describe("{}", "main/train/0000.parquet", "socratic/train/0000.parquet");
    assertEquals(
        Map.of("train", List.of("socratic/train/0000.parquet")),
        SplitFiles.ofConversion(converted, "socratic"));
  }

  @Test
  void theReadmeMayMarkOneAsTheDefault() {
    RepoInfo marked =
        describe(
            "{'configs': [{'config_name': 'a', 'data_files': 'a.csv'},"
                + " {'config_name': 'b', 'data_files': 'b.csv', 'default': true}]}",
            "a.csv",
            "b.csv");
    assertEquals(Map.of("train", List.of("b.csv")), SplitFiles.of(marked, ""));
    assertEquals(Map.of("train", List.of("a.csv")), SplitFiles.of(marked, "a"));
  }

  @Test
  void foldersAreLoadedBySplitAndRowsCountOnFromFileToFile(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("train-1.jsonl"), "{\"a\": \"x\"}\n{\"a\": \"y\"}\n");
    Files.writeString(folder.resolve("train-2.jsonl"), "{\"a\": \"z\"}\n");
    Files.writeString(folder.resolve("test.jsonl"), "{\"a\": \"t\"}\n");
    DataSet train = DataSet.load(folder.toString());
    assertEquals(List.of("x", "y", "z"), train.column("a"));
    assertEquals(List.of(1L, 2L, 3L), train.stream().map(DataRow::number).toList());
    assertEquals(List.of("t"), DataSet.load(folder.toString(), "test").column("a"));
    String message =
        assertThrows(DataException.class, () -> DataSet.load(folder.toString(), "dev"))
            .getMessage();
    assertTrue(message.endsWith("has no split 'dev': it has test, train."), message);
  }

  @Test
  void noMoreIsReadThanIsAskedFor(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("a.jsonl"), "{\"a\": 1}\n{\"a\": 2}\nbroken\n");
    assertEquals(List.of(1L, 2L), DataSet.load(file.toString(), "train[:2]").column("a"));
  }

  private static List<Object> slice(String split, int size) {
    DataSet rows =
        DataSet.fromList(IntStream.range(0, size).mapToObj(i -> Map.of("n", (long) i)).toList());
    DataSet slice = SplitSlice.parse(split).of(rows);
    return slice.size() == 0 ? List.of() : slice.column("n");
  }

  private static Map<String, List<String>> splits(String... files) {
    return SplitFiles.of(describe("{}", files), "");
  }

  private static RepoInfo describe(String card, String... files) {
    JsonObject settings = Json.parse(card.replace('\'', '"')).getAsJsonObject();
    return new RepoInfo("", List.of(files), settings);
  }
}
