package org.coldstart.tools.reasoning;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The two parts of the data set: {@code train.jsonl} and {@code test.jsonl} in a folder.
 *
 * @param train rows to train on
 * @param test held-out rows
 */
public record SplitRows(List<ReasoningRow> train, List<ReasoningRow> test) {
  private static final String TRAIN = "train.jsonl";
  private static final String TEST = "test.jsonl";

  public SplitRows {
    train = List.copyOf(train);
    test = List.copyOf(test);
  }

  /** Reads both files of a folder. */
  public static SplitRows read(Path folder) {
    return new SplitRows(ReasoningRow.read(folder.resolve(TRAIN)), ReasoningRow.read(folder.resolve(TEST)));
  }

  /** Writes both files, in UTF-8 with line feeds, creating the folder if need be. */
  public void write(Path folder) {
    try {
      Files.createDirectories(folder);
      Files.writeString(folder.resolve(TRAIN), lines(train));
      Files.writeString(folder.resolve(TEST), lines(test));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write the data set into " + folder, e);
    }
  }

  private static String lines(List<ReasoningRow> rows) {
    StringBuilder text = new StringBuilder();
    rows.forEach(row -> text.append(row.toJson()).append('\n'));
    return text.toString();
  }
}
