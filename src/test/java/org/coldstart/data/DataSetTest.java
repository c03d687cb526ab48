package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tech.tablesaw.api.ColumnType;
import tech.tablesaw.api.Table;

class DataSetTest {
  @Test
  void textNamesRowColumnAndColumns() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("question", "why?");
    values.put("answer", null);
    values.put("score", 3L);
    DataRow row = new DataRow(17, values);
    assertEquals("why?", row.text("question"));
    assertEquals("Row 17: there is no column 'anser', only question, answer, score.", message(() -> row.text("anser")));
    assertTrue(message(() -> row.text("answer")).startsWith("Row 17: null instead of text in column 'answer'"));
    assertTrue(
        message(() -> row.text("score")).startsWith("Row 17: a value of type Long instead of text in column 'score'"));
  }

  @Test
  void rowsDoNotChangeWithTheMapTheyCameFrom() {
    Map<String, Object> values = new LinkedHashMap<>(Map.of("a", "1"));
    DataRow row = new DataRow(1, values);
    values.put("a", "2");
    assertEquals("1", row.text("a"));
    assertEquals("3", row.with("a", "3").text("a"));
    assertEquals("1", row.text("a"));
    assertThrows(UnsupportedOperationException.class, () -> row.values().put("b", "4"));
  }

  @Test
  void mapKeepsTheOrderAndUsesSeveralThreads() {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    boolean several = Runtime.getRuntime().availableProcessors() > 1;
    CountDownLatch two = new CountDownLatch(several ? 2 : 1);
    DataSet mapped = numbers(20_000).map(row -> {
      if (threads.add(Thread.currentThread())) {
        two.countDown(); // a thread's first row waits for a second thread: a busy machine may start it late
        assertTrue(await(two), "one thread alone was given rows for a minute");
      }
      return row.with("double", 2 * (Long) row.value("n"));
    });
    assertEquals(LongStream.range(0, 20_000).map(n -> 2 * n).boxed().toList(), mapped.column("double"));
    assertEquals(List.of("n", "double"), mapped.columns());
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      return false;
    }
  }

  @Test
  void mapNamesTheFailingRowsInOrder() {
    DataSet rows = numbers(5_000);
    for (int i = 0; i < 20; i++) {
      assertEquals("Rows 1235, 1236, 1237, 1238, 1239 … (3766 of 5000): bad", message(() -> rows.map(row -> {
        if ((Long) row.value("n") >= 1234) {
          throw new IllegalStateException("bad");
        }
        return row;
      })));
    }
    assertEquals("Rows 1, 2, 3, 4, 5 … (5000 of 5000): there is no column 'x', only n.",
        message(() -> rows.map(row -> row.with("y", row.text("x")))));
    assertEquals("Rows 1, 2, 3, 4, 5 … (5000 of 5000): the function returned null; to drop rows, use filter.",
        message(() -> rows.map(row -> null)));
  }

  @Test
  void filterKeepsRowNumbers() {
    DataSet even = numbers(10).filter(row -> (Long) row.value("n") % 2 == 0);
    assertEquals(List.of(1L, 3L, 5L, 7L, 9L), even.stream().map(DataRow::number).toList());
  }

  @Test
  void shuffleIsDecidedByTheSeed() {
    DataSet rows = numbers(100);
    assertEquals(rows.shuffle(1).column("n"), rows.shuffle(1).column("n"));
    assertNotEquals(rows.shuffle(1).column("n"), rows.shuffle(2).column("n"));
    assertEquals(List.of(4L, 6L, 2L, 1L, 7L, 9L, 8L, 5L, 3L, 0L), numbers(10).shuffle(42).column("n"));
    assertEquals(rows.column("n"), rows.shuffle(1).column("n").stream().sorted().toList());
  }

  @Test
  void trainTestSplitPartsTheRowsAsDatasetsCountsThem() {
    for (int[] sizes : new int[][] {{10, 1, 9}, {15, 2, 13}, {11, 2, 9}, {10_000, 1_000, 9_000}}) {
      Split split = numbers(sizes[0]).trainTestSplit(0.1, 42);
      assertEquals(sizes[1], split.test().size());
      assertEquals(sizes[2], split.train().size());
      Set<Object> all = new HashSet<>(split.train().column("n"));
      all.addAll(split.test().column("n"));
      assertEquals(sizes[0], all.size());
    }
    DataSet rows = numbers(50);
    assertEquals(rows.trainTestSplit(0.2, 7).test().column("n"), rows.trainTestSplit(0.2, 7).test().column("n"));
    for (double share : new double[] {0, 1, -0.1, 0.99, Double.NaN}) {
      assertTrue(message(() -> rows.trainTestSplit(share, 1)).startsWith("Cannot hold out"));
    }
  }

  @Test
  void indicesOutOfRangeNameTheSize() {
    DataSet rows = numbers(3);
    assertEquals(3, rows.get(-1).number());
    assertTrue(assertThrows(IndexOutOfBoundsException.class, () -> rows.get(3)).getMessage().contains("3 rows"));
    assertTrue(assertThrows(IndexOutOfBoundsException.class, () -> rows.select(1, 4)).getMessage().contains("3 rows"));
    assertTrue(message(() -> rows.column("x")).contains("the columns are n"));
  }

  @Test
  void toTableTypesColumnsAndShowsNestedValuesAsJson() {
    Map<String, Object> second = new LinkedHashMap<>();
    second.put("s", null);
    second.put("l", null);
    second.put("d", 2L);
    second.put("b", null);
    second.put("m", Map.of("day", LocalDate.of(2024, 2, 29), "n", 1L));
    DataSet rows = DataSet.fromList(
        List.of(Map.of("s", "<a> \"b\"", "l", 5L, "d", 0.5, "b", true, "m", Arrays.asList("x", null, Map.of("k", 1.5))),
            second));
    Table table = rows.toTable();
    assertEquals(2, table.rowCount());
    assertEquals(ColumnType.STRING, table.column("s").type());
    assertEquals(ColumnType.LONG, table.column("l").type());
    assertEquals(ColumnType.DOUBLE, table.column("d").type());
    assertEquals(ColumnType.BOOLEAN, table.column("b").type());
    assertEquals("<a> \"b\"", table.stringColumn("s").get(0));
    assertEquals("[\"x\",null,{\"k\":1.5}]", table.stringColumn("m").get(0));
    assertTrue(table.stringColumn("m").get(1).contains("\"day\":\"2024-02-29\""));
    for (String name : List.of("s", "l", "b")) {
      assertTrue(table.column(name).isMissing(1), name);
    }
    assertEquals(2.0, table.doubleColumn("d").get(1));
  }

  /** In a process whose settings for the hub are no use. */
  @Test
  void aLocalFileNeedsNoHub(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("a.csv"), "a,b\n1,2\n");
    ProcessBuilder java = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
        System.getProperty("java.class.path"), LocalLoad.class.getName(), file.toString(), folder.toString());
    java.environment().put("HF_ENDPOINT", "not an address");
    Process process = java.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    assertTrue(output.contains("[1, 1]"), output);
  }

  /** What the other process does. */
  static final class LocalLoad {
    private LocalLoad() {}

    public static void main(String[] paths) {
      System.out.println(Stream.of(paths).map(path -> DataSet.load(path).get(0).value("a")).toList());
    }
  }

  private static DataSet numbers(int size) {
    return DataSet.fromList(LongStream.range(0, size).mapToObj(n -> Map.of("n", n)).toList());
  }

  private static String message(org.junit.jupiter.api.function.Executable action) {
    return assertThrows(DataException.class, action).getMessage();
  }
}
