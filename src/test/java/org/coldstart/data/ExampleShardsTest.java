package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.coldstart.data.ExampleWriter.BadRows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Examples go to Parquet and come back, shard by shard, and what is left out is counted and named. */
class ExampleShardsTest {

  private static final Tokenizer TOKENIZER = TinyTokenizer.chat();
  private static final ExampleBuilder BUILDER = new ExampleBuilder(TOKENIZER);

  @TempDir
  Path folder;

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  private static String line(String question, String answer) {
    return "{\"prompt\": [{\"role\": \"user\", \"content\": \"%s\"}], \"completion\": [{\"role\": \"assistant\", \"content\": \"%s\"}]}"
      .formatted(question, answer);
  }

  private Path lines(int rows) throws IOException {
    return Files.write(folder.resolve("rows.jsonl"),
        IntStream.range(0, rows).mapToObj(i -> line("Is " + i + " even?", i % 2 == 0 ? "Yes." : "No, odd.")).toList());
  }

  private List<ShardCounts> write(Path rows, BadRows policy) {
    return new ExampleWriter(BUILDER, SampleFormatter.standard(), 64, policy).write(List.of(rows), shards());
  }

  private Path shards() {
    return folder.resolve("shards");
  }

  private static void assertSame(Example expected, Example found) {
    assertArrayEquals(expected.ids(), found.ids());
    assertArrayEquals(expected.mask(), found.mask());
  }

  private static List<String> keys(List<Example> examples) {
    return examples.stream().map(example -> Arrays.toString(example.ids())).toList();
  }

  @Test
  void manyWorkersWriteWhatOneListHolds() throws IOException {
    Path rows = lines(11_000);
    List<ShardCounts> counts = write(rows, BadRows.FAIL);
    assertEquals(List.of(5_000, 5_000, 1_000), counts.stream().map(ShardCounts::rows).toList());
    ExampleSet inMemory = BUILDER.build(DataSet.load(rows.toString()), 64);
    ExampleSet read = ExampleSet.fromParquet(shards());
    assertEquals(11_000, read.size());
    assertEquals(inMemory.tokens(), read.tokens());
    assertEquals(inMemory.tokens(), ShardCounts.sum("all", counts).tokens());
    for (int i = 0; i < read.size(); i++) {
      assertSame(inMemory.examples().get(i), read.examples().get(i));
    }
    inMemory.toParquet(folder.resolve("again"));
    for (String name : List.of("train-00000.parquet", "train-00002.parquet")) {
      assertArrayEquals(Files.readAllBytes(shards().resolve(name)),
          Files.readAllBytes(folder.resolve("again").resolve(name)), "the same rows are the same bytes");
    }
  }

  @Test
  void theSeedDecidesAnOrderThatReadsEachShardOnce() throws IOException {
    write(lines(26_000), BadRows.FAIL);
    ExampleShards shards = ExampleShards.open(shards());
    List<Example> once = List.copyOf(shards.shuffled(7));
    List<String> first = keys(once);
    assertEquals(first, keys(shards.shuffled(7)));
    assertNotEquals(first, keys(shards.shuffled(8)));
    assertEquals(new HashSet<>(keys(shards)), new HashSet<>(first));
    assertEquals(26_000, first.size());
    List<String> inOrder = keys(shards);
    Set<Integer> early = first.subList(0, 2_000).stream().map(key -> inOrder.indexOf(key) / 5_000).collect(Collectors.toSet());
    assertEquals(4, early.size(), "rows of four shards are mixed");
    assertEquals(25_999, shards.indexOf(shards.get(25_999)));
    assertEquals("ExampleShards[26000 rows in 6 files]", shards.toString());
  }

  @Test
  void whatIsLeftOutIsCountedByShardAndNamed() throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(lines(20)));
    lines.set(2, "{\"prompt\": ");
    lines.set(4, "{\"other\": 1}");
    lines.set(6, line("Long?", "very ".repeat(100)));
    lines.set(8, "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"},"
        + " {\"role\": \"assistant\", \"content\": \"b\", \"weight\": 0}]}");
    lines.set(9, "[1]");
    Path rows = Files.write(folder.resolve("mixed.jsonl"), lines);
    ShardCounts counts = write(rows, BadRows.COUNT).get(0);
    assertEquals(15, counts.rows());
    assertEquals(1, counts.tooLong().count());
    assertTrue(counts.tooLong().named().get(0).startsWith("mixed.jsonl: Row 7: "), counts.toString());
    assertEquals(List.of("mixed.jsonl: Row 9: no token carries loss"), counts.withoutLoss().named());
    assertEquals(3, counts.bad().count());
    assertTrue(counts.bad().named().get(0).startsWith("mixed.jsonl: Row 3: not valid JSON ("), counts.toString());
    assertTrue(counts.bad().named().get(1).startsWith("mixed.jsonl: Row 5: no columns to learn from"), counts.toString());
    assertEquals("mixed.jsonl: Row 10: not an object {…}: correct or remove it.", counts.bad().named().get(2));
  }

  @Test
  void aBadRowFailsWhereThatIsThePolicyAndLeavesNothing() throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(lines(5_010)));
    lines.set(3, "{}");
    lines.set(5_005, "nonsense");
    Path rows = Files.write(folder.resolve("mixed.jsonl"), lines);
    String message = assertThrows(DataException.class, () -> write(rows, BadRows.FAIL)).getMessage();
    assertTrue(message.startsWith("mixed.jsonl: Row 4: no columns to learn from"), message);
    assertFalse(Files.exists(shards()));
  }

  @Test
  void tooManyLongRowsAreRefused() throws IOException {
    Path rows = Files.write(folder.resolve("long.jsonl"), List.of(line("Long?", "very ".repeat(100))));
    String message = assertThrows(DataException.class, () -> write(rows, BadRows.COUNT)).getMessage();
    assertTrue(message.startsWith("1 rows have more than 64 tokens and 0 do not (long.jsonl: Row 1: "), message);
  }

  @Test
  void whatCannotBeWrittenOrReadSaysWhy() throws IOException {
    Path rows = lines(3);
    Files.createDirectories(shards());
    Files.writeString(shards().resolve("mine.txt"), "");
    assertEquals(shards() + " exists: choose a new folder, or delete it.",
        assertThrows(DataException.class, () -> write(rows, BadRows.COUNT)).getMessage());
    assertTrue(assertThrows(DataException.class, () -> ExampleShards.open(shards())).getMessage()
      .startsWith("There is no .parquet file in "));
    Files.delete(shards().resolve("mine.txt"));
    assertEquals("There is no file " + folder.resolve("no.jsonl") + ".",
        assertThrows(DataException.class, () -> write(folder.resolve("no.jsonl"), BadRows.COUNT)).getMessage());
    Files.writeString(Files.createDirectories(shards()).resolve("a.parquet"), "PAR1");
    String message = assertThrows(DataException.class, () -> ExampleShards.open(shards())).getMessage();
    assertTrue(message.startsWith("Cannot read " + shards().resolve("a.parquet") + " as tokenized rows"), message);
    ExampleSet weighed = new ExampleSet(List.of(new Example(new int[] {1, 2}, new boolean[2]).withWeight(2)), 0, 0);
    assertThrows(DataException.class, () -> weighed.toParquet(folder.resolve("weighed")));
  }

  /** pyarrow writes int64 as readily, and names the levels of a list otherwise. */
  @Test
  void whatPythonWritesIsRead() throws IOException, InterruptedException {
    String python = System.getenv("COLDSTART_PYTHON");
    assumeTrue(python != null, "COLDSTART_PYTHON names no interpreter");
    assumeTrue(new ProcessBuilder(python, "-c", "import pyarrow").start().waitFor() == 0, "it has no pyarrow");
    Path file = Files.createDirectories(shards()).resolve("a.parquet");
    String code = "import pyarrow as a, pyarrow.parquet as p, sys;"
        + "p.write_table(a.table({'x': ['?'], 'labels': [[-100, 5]], 'input_ids': [[4, 5]]}), sys.argv[1])";
    assertEquals(0, new ProcessBuilder(python, "-c", code, file.toString()).inheritIO().start().waitFor());
    assertSame(new Example(new int[] {4, 5}, new boolean[] {false, true}), ExampleShards.open(shards()).get(0));
  }
}
