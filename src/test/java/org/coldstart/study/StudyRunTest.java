package org.coldstart.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyRunTest {

  @TempDir
  Path folder;

  @Test
  void runsComeBackAsTheyWereWritten() {
    List<StudyRun> runs = List.of(
        new StudyRun("clone + noise", 2, 24, 0.9583, 0.5, 0.25, 0.125, 0.987654, 2.26, 2.3, 127.5,
            List.of(new StudyRun.Point(0, 3.0625), new StudyRun.Point(24, 0.5))),
        new StudyRun("mean", 0, 24, 0, 0, 0, 0, 0, 0, 0.05, 128, List.of(new StudyRun.Point(0, 3))));
    Path file = folder.resolve("study.csv");
    StudyRun.writeAll(file, runs);
    assertEquals(runs, StudyRun.readAll(file));
  }

  @Test
  void noFileIsNoRuns() {
    assertEquals(List.of(), StudyRun.readAll(folder.resolve("none.csv")));
  }

  @Test
  void aDamagedFileIsNamedWithItsRun() throws IOException {
    Path file = folder.resolve("study.csv");
    Files.writeString(file, "initialization,seed\nclone,zero\n");
    String message = assertThrows(IllegalArgumentException.class, () -> StudyRun.readAll(file)).getMessage();
    assertTrue(message.contains("study.csv") && message.contains("run 1"), message);
  }

  @Test
  void theCommittedStudyHasItsWaysOverThreeSeeds() {
    List<StudyRun> runs = StudyRun.readAll(Path.of("data/studies/initialization.csv"));
    List<String> known = Initialization.all("<|im_start|>").stream().map(Initialization::name).toList();
    List<String> ways = runs.stream().map(StudyRun::initialization).distinct().toList();
    assertTrue(ways.size() >= 5 && known.containsAll(ways), ways.toString());
    for (String way : ways) {
      long seeds = runs.stream()
        .filter(run -> run.initialization().equals(way))
        .map(StudyRun::seed)
        .distinct()
        .count();
      assertTrue(seeds >= 3, way + " has " + seeds + " seeds");
    }
  }
}
