package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SplitTest {
  /** First and last+1 row as datasets 5.2.0 gives them for 137 and for 25 rows. */
  @ParameterizedTest
  @CsvSource({"train, 0, 137, 0, 25", "train[:100], 0, 100, 0, 25", "train[10:20], 10, 20, 10, 20",
    "train[-100:], 37, 137, 0, 25", "train[:-100], 0, 37, 0, 0", "train[:10%], 0, 14, 0, 2",
    "train[10%:30%], 14, 41, 2, 8", "train[-10%:], 123, 137, 23, 25", "train[:50%], 0, 68, 0, 12",
    "train[200:], 137, 137, 25, 25", "train[:1_0], 0, 10, 0, 10", "train[20:10], 20, 20, 20, 20"})
  void slicesAsDatasetsDoes(String split, int from, int to, int fromOfFew, int toOfFew) {
    assertEquals(LongStream.range(from, to).boxed().toList(), slice(split, 137));
    assertEquals(LongStream.range(fromOfFew, toOfFew).boxed().toList(), slice(split, 25));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "train[", "train[5]", "train[:101%]", "train[:x]", "train+test", "train[:99999999999]"})
  void refusesOtherForms(String split) {
    assertThrows(DataException.class, () -> DataSetLoader.Slice.parse(split));
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
    String message = assertThrows(DataException.class, () -> DataSet.load(folder.toString(), "dev")).getMessage();
    assertTrue(message.endsWith("has no split 'dev': it has test, train."), message);
  }

  @Test
  void noMoreIsReadThanIsAskedFor(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("a.jsonl"), "{\"a\": 1}\n{\"a\": 2}\nbroken\n");
    assertEquals(List.of(1L, 2L), DataSet.load(file.toString(), "train[:2]").column("a"));
  }

  private static List<Object> slice(String split, int size) {
    DataSet rows = DataSet.fromList(IntStream.range(0, size).mapToObj(i -> Map.of("n", (long) i)).toList());
    DataSet slice = DataSetLoader.Slice.parse(split).of(rows);
    return slice.size() == 0 ? List.of() : slice.column("n");
  }
}
