package org.coldstart.tools.reasoning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class GenerateReasoningTest {
  private static final Path COMMITTED = Path.of("data", "reasoning");

  @TempDir
  private Path folder;

  /** Whoever changes a kind has to commit the rows that it makes. */
  @Test
  void theCommandMakesTheCommittedFilesByteForByte() throws IOException {
    StringWriter report = new StringWriter();
    int exit = new CommandLine(new GenerateReasoning()).setOut(new PrintWriter(report))
      .execute("--seed", "7", "--rows", "10000", "--out", folder.toString());
    assertEquals(0, exit);
    assertTrue(report.toString().contains("9000 training rows, 1000 held-out rows, verified"), "" + report);
    for (String file : List.of("train.jsonl", "test.jsonl")) {
      assertEquals(-1, Files.mismatch(COMMITTED.resolve(file), folder.resolve(file)), file);
    }
  }

  @Test
  void theCommittedFilesKeepTheRules() throws IOException {
    SplitRows rows = SplitRows.read(COMMITTED);
    assertEquals(9000, rows.train().size());
    assertEquals(1000, rows.test().size());
    assertEquals(List.of(), RowRules.violations(rows));
    long bytes = Files.size(COMMITTED.resolve("train.jsonl")) + Files.size(COMMITTED.resolve("test.jsonl"));
    assertTrue(bytes <= 3_000_000, bytes + " bytes");
  }

  @Test
  void anotherSeedMakesOtherRows() {
    assertNotEquals(new ProblemGenerator(1).generate(200), new ProblemGenerator(2).generate(200));
  }

  @Test
  void everyBlockOfTrainingRowsHasOneOfEachKind() {
    List<ReasoningRow> block = new ProblemGenerator(7).generate(200).train().subList(0, 20);
    assertEquals(1, block.stream().filter(row -> row.output().endsWith(" left")).count());
    assertEquals(1, block.stream().filter(row -> row.output().endsWith("day")).count());
    assertEquals(1, block.stream().filter(row -> row.output().matches("\\d+:\\d\\d")).count());
  }

  @Test
  void rowsThatCannotBeSharedAreAnError() {
    StringWriter complaint = new StringWriter();
    int exit = new CommandLine(new GenerateReasoning()).setErr(new PrintWriter(complaint))
      .execute("--rows", "150", "--out", folder.toString());
    assertEquals(2, exit);
    assertTrue(complaint.toString().contains("take a multiple of 200"), "" + complaint);
  }

  @Test
  void aSpoiltLineIsNamed() throws IOException {
    Files.writeString(folder.resolve("rows.jsonl"), "{\"instruction\":\"x\"}\n");
    IllegalArgumentException error = assertThrows(IllegalArgumentException.class,
        () -> ReasoningRow.read(folder.resolve("rows.jsonl")));
    assertTrue(error.getMessage().contains("rows.jsonl, line 1"), error.getMessage());
  }
}
