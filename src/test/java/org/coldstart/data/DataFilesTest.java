package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataFilesTest {
  private static final Path FIXTURES = Path.of("src/test/resources/data");

  @TempDir
  Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"none", "snappy", "gzip", "zstd", "lz4", "plain"})
  void parquetHoldsTheSameRowsAsJsonLines(String kind) {
    DataSet expected = DataSet.load(FIXTURES.resolve("conversations.jsonl").toString());
    DataSet rows = DataSet.load(FIXTURES.resolve("conversations-" + kind + ".parquet").toString());
    assertEquals(40, rows.size());
    assertEquals(expected.columns(), rows.columns());
    for (int i = 0; i < rows.size(); i++) {
      assertEquals(expected.get(i), rows.get(i));
    }
  }

  @Test
  void parquetReadsEveryKindOfValue() {
    DataSet rows = DataSet.load(FIXTURES.resolve("kinds.parquet").toString());
    Map<String, Object> row = rows.get(0).values();
    assertEquals(-8L, row.get("i8"));
    assertEquals(4294967295L, row.get("u32"));
    assertEquals("18446744073709551615", row.get("u64"));
    assertEquals(0.1, row.get("f64"));
    assertEquals("1969-07-20", row.get("day"));
    assertEquals("2024-02-29T12:30:15.250000+0000", row.get("at"));
    assertEquals("2024-02-29T12:30:15.250", row.get("local"));
    assertEquals("2024-02-29T12:30:15.250000000", row.get("nanos"));
    assertEquals("-1234.50", row.get("price"));
    assertArrayEquals(new byte[] {0, (byte) 0xff}, assertInstanceOf(byte[].class, row.get("bytes")));
    assertEquals("long", row.get("large"));
    assertEquals(Arrays.asList(1L, null), Arrays.asList(((Map<?, ?>) row.get("counts")).values().toArray()));
    assertEquals("x", row.get("kind"));
    assertEquals(List.of(),
        rows.get(1).values().values().stream().filter(Objects::nonNull).collect(Collectors.toList()));
    assertEquals(2, rows.toTable().rowCount());
  }

  @Test
  void aBrokenParquetFileIsNamed() throws IOException {
    byte[] whole = Files.readAllBytes(FIXTURES.resolve("conversations-zstd.parquet"));
    Path cut = Files.write(folder.resolve("cut.parquet"), Arrays.copyOf(whole, 3000));
    assertTrue(message(cut).startsWith("Cannot read " + cut + " as Parquet after row 0"), message(cut));
  }

  @Test
  void jsonLinesKeepTypesOrderAndLineNumbers() throws IOException {
    Path file = write("a.jsonl", "\uFEFF{\"b\": 1, \"a\": 1.5, \"t\": \"微调\\u00e9\", \"n\": null, \"x\": {\"y\": [true,"
        + " 12345678901]}}\n\n" + "  \n" + "{\"a\": 1e3}\n");
    DataSet rows = DataSet.load(file.toString());
    assertEquals(List.of("b", "a", "t", "n", "x"), rows.columns());
    assertEquals(List.of(1L, 4L), rows.stream().map(DataRow::number).toList());
    assertEquals(1L, rows.get(0).value("b"));
    assertEquals("微调é", rows.get(0).text("t"));
    assertNull(rows.get(0).value("n"));
    assertEquals(Map.of("y", List.of(true, 12345678901L)), rows.get(0).value("x"));
    assertEquals(1000.0, rows.get(1).value("a"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\": 1", "{'a': 1}", "[1]x", "{\"a\": 1} x", "7", "{\"a\": nan}", "{\"a\": 01}",
    "{\"a\": NaN, 'b': 1}", "{\"a\": \"NaN}", "[{\"a\": 1},]", "[{\"a\": 1} {\"a\": 2}]", "// {\"a\": 1}"})
  void aBadJsonLineIsNamed(String line) throws IOException {
    Path file = write("bad.jsonl", "{\"a\": 1}\n" + line + "\n");
    assertTrue(message(file).startsWith(file + ", line 2"), message(file));
    assertOwnWords(message(file));
  }

  /** Nothing that only a programmer of a library can follow. */
  private static void assertOwnWords(String message) {
    assertFalse(message.matches("(?s).*(Exception|Strictness|CSVFormat|https?:|org\\.|com\\.).*"), message);
  }

  @Test
  void everyJsonValueOfAFileIsRead() throws IOException {
    assertEquals(List.of(1L, 2L, 3L), column("{\"q\": 1}{\"q\": 2}\n{\"q\": 3}"));
    assertEquals(List.of(1L, 2L), column("{\n  \"q\": 1\n}\n{\n  \"q\": 2\n}\n"));
    assertEquals(List.of(1L, 2L, 3L), column("[{\"q\": 1}, {\"q\": 2}]\n[]\n[{\"q\": 3}]\n"));
    assertEquals(List.of("}{", "\\\"]"), column("{\"q\": \"}{\"}\n{\"q\": \"\\\\\\\"]\"}"));
    assertEquals(List.of(Double.NaN, Double.NEGATIVE_INFINITY, "NaN"),
        column("{\"q\": NaN}\n{\"q\": -Infinity}\n{\"q\": \"NaN\"}"));
    assertEquals(List.of("NaN \"Infinity"), column("{\"q\": \"NaN \\\"Infinity\", \"r\": NaN}"));
    assertEquals(List.of(), column(""));
  }

  @Test
  void aLongTextIsReadBesideANumberThatJsonDoesNotHave() throws IOException {
    String text = "a\\n".repeat(200_000);
    assertEquals(List.of(text.translateEscapes()), column("{\"r\": NaN, \"q\": \"" + text + "\"}"));
  }

  private List<Object> column(String json) throws IOException {
    DataSet rows = DataSet.load(write("values.jsonl", json).toString());
    return rows.size() == 0 ? List.of() : rows.column("q");
  }

  @Test
  void aRowOverSeveralLinesIsNamedByItsFirst() throws IOException {
    DataSet rows = DataSet.load(write("pretty.json", "{\n \"q\": 1\n}\n\n{\"q\":\n 2}").toString());
    assertEquals(List.of(1L, 5L), rows.stream().map(DataRow::number).toList());
    Path cut = write("cut.jsonl", "{\n \"q\": 1\n}\n{\"q\":\n");
    assertEquals(cut + ", line 4 is not valid JSON (the file ends within a row): correct or remove it.", message(cut));
  }

  @Test
  void jsonArraysAreRowsToo() throws IOException {
    DataSet rows = DataSet.load(write("a.json", "\n [\n {\"a\": \"x\"},\n {\"a\": \"y\"}]").toString());
    assertEquals(List.of("x", "y"), rows.column("a"));
    assertEquals(2, rows.get(1).number());
    Path cut = write("cut.json", "[{\"a\": 1}, {\"a\": ");
    assertTrue(message(cut).startsWith(cut + ", line 1 is not valid JSON"), message(cut));
    Path numbers = write("numbers.json", "[1]");
    assertTrue(message(numbers).startsWith(numbers + ", line 1"), message(numbers));
  }

  @Test
  void csvTypesColumnsAndQuotesText() throws IOException {
    DataSet rows = DataSet
      .load(write("a.csv", "text,n,d,b,code\n\"say \"\"hi\"\",\nok\",1,0.5,true,007\nx,,2,False,8\n").toString());
    assertEquals("say \"hi\",\nok", rows.get(0).text("text"));
    assertEquals(Arrays.asList(1L, null), rows.column("n"));
    assertEquals(List.of(0.5, 2.0), rows.column("d"));
    assertEquals(List.of(true, false), rows.column("b"));
    assertEquals(List.of("007", "8"), rows.column("code"));
    assertEquals(2, rows.get(1).number());
    assertEquals(List.of("x,y"), DataSet.load(write("a.tsv", "t\tu\nx,y\t1\n").toString()).column("t"));
  }

  @Test
  void aBadCsvRecordIsNamed() throws IOException {
    Path few = write("few.csv", "a,b\n1,2\n3\n");
    assertTrue(message(few).startsWith(few + ", row 2, which ends at line 3, has 1 fields and the header 2"),
        message(few));
    Path open = write("open.csv", "a,b\n1,2\n\"3,4\n");
    assertTrue(message(open).startsWith(open + " is not valid CSV after line 2"), message(open));
    Path twice = write("twice.csv", "a,a\n1,2\n");
    assertEquals(twice + " has two columns with the name a: rename one of them in its first line.", message(twice));
    for (String quoted : List.of("\"x\"y", "\"x")) {
      Path inner = write("inner.csv", "a,b\n" + quoted + ",2\n");
      assertTrue(message(inner).startsWith(inner + " is not valid CSV after line 1: quotes"), message(inner));
      assertOwnWords(message(inner));
    }
  }

  @Test
  void csvColumnsWithoutANameAreCalledAsPandasDoes() throws IOException {
    DataSet index = DataSet.load(write("index.csv", ",q,a\n0,x,1\n1,y,2\n").toString());
    assertEquals(List.of("Unnamed: 0", "q", "a"), index.columns());
    assertEquals(List.of(0L, 1L), index.column("Unnamed: 0"));
    DataSet trailing = DataSet.load(write("trailing.csv", "q,a,\nx,1,\n").toString());
    assertEquals(Arrays.asList((Object) null), trailing.column("Unnamed: 2"));
    assertEquals(List.of("Unnamed: 0", "Unnamed: 1"),
        DataSet.load(write("two.tsv", "\t \n1\t2\n").toString()).columns());
  }

  @Test
  void aFolderOfSaveToDiskIsRefused() throws IOException {
    for (String file : List.of("state.json", "dataset_dict.json")) {
      Path saved = Files.createDirectories(folder.resolve(file + "-saved"));
      Files.writeString(saved.resolve(file), "{}");
      assertTrue(message(saved).startsWith(saved + " was written by save_to_disk"), message(saved));
    }
  }

  @Test
  void parquetOfAnUnknownCodecNamesIt() {
    String message = message(FIXTURES.resolve("conversations-brotli.parquet"));
    assertTrue(message.contains("compressed with BROTLI"), message);
    assertOwnWords(message);
  }

  @Test
  void theReadmeOfAFolderSaysWhichFilesAreWhichSplit() throws IOException {
    Path data = Files.createDirectories(folder.resolve("card"));
    for (String file : List.of("a.jsonl", "b.jsonl", "de.jsonl")) {
      Files.writeString(data.resolve(file), "{\"from\": \"" + file + "\"}\n");
    }
    Files.writeString(data.resolve("README.md"), """
        ---
        license: mit
        configs:
        - config_name: en
          default: true
          data_files:
          - {split: train, path: a.jsonl}
          - {split: test, path: [b.jsonl]}
        - config_name: de
          data_files: "de*"
        ---
        # Words of our own
        """);
    assertEquals(List.of("a.jsonl"), DataSet.load(data.toString(), "train").column("from"));
    assertEquals(List.of("b.jsonl"), DataSet.load(data.toString(), "test").column("from"));
    assertEquals(List.of("de.jsonl"), DataSet.load(data.toString(), "de", "train").column("from"));
    Files.writeString(data.resolve("README.md"), "---\n: [\n---\n");
    assertTrue(message(data).startsWith("The settings on top of README.md"), message(data));
    Files.writeString(data.resolve("README.md"), "# No settings\n\n---\n");
    assertEquals(3, DataSet.load(data.toString(), "train").size());
  }

  @Test
  void gzipIsReadWhateverItsName() throws IOException {
    gzipIsRead("a.jsonl.gz");
    gzipIsRead("b.jsonl");
  }

  private void gzipIsRead(String name) throws IOException {
    Path file = folder.resolve(name);
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write("{\"a\": \"x\"}\n".getBytes(StandardCharsets.UTF_8));
    }
    assertEquals(List.of("x"), DataSet.load(file.toString()).column("a"));
  }

  @Test
  void otherFilesAreRefused() throws IOException {
    Path latin = Files.write(folder.resolve("latin.jsonl"), new byte[] {'{', '"', (byte) 0xe9, '"', ':', '1', '}'});
    assertEquals(latin + " is not text in UTF-8: convert it first.", message(latin));
    Path word = write("a.docx", "x");
    assertTrue(message(word).startsWith("Cannot read " + word), message(word));
    assertTrue(
        message(folder.resolve("none.jsonl")).startsWith("There is no file or folder " + folder.resolve("none.jsonl")));
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static String message(Path file) {
    return assertThrows(DataException.class, () -> DataSet.load(file.toString())).getMessage();
  }
}
