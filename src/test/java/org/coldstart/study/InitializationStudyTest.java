package org.coldstart.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.data.DataSet;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole run on a tiny model: what is measured, not how good it is. */
class InitializationStudyTest {

  @TempDir
  Path folder;

  private InitializationStudy study;

  @BeforeEach
  void tinyModel() {
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      model.savePretrained(folder);
      tokenizer.save(folder);
    }
    StudyBudget budget = new StudyBudget(4, 2, 1e-3, 3, 2, 16, Precision.F32);
    study = new InitializationStudy(folder.toString(), rows(0, 20), rows(20, 26), budget);
  }

  private static DataSet rows(int from, int to) {
    return DataSet.fromList(IntStream.range(from, to)
      .mapToObj(
          i -> Map.<String, Object>of("instruction", "Add 1 to " + i, "reasoning", i + " + 1", "output", "" + (i + 1)))
      .toList());
  }

  @Test
  void everyWayIsTrainedAndMeasured() {
    for (Initialization way : Initialization.all(TinyTokenizer.START)) {
      StudyRun run = study.run(way, 1);
      assertEquals(way.name(), run.initialization());
      assertEquals(4, run.steps());
      assertEquals(List.of(0, 1, 2, 3, 4), run.losses().stream().map(StudyRun.Point::step).toList());
      assertTrue(run.losses().get(4).loss() < run.losses().get(0).loss(), run.toString());
      assertTrue(run.ownPlace() > 0 && run.ownPlace() < 1, run.toString());
    }
  }

  @Test
  void onlyEqualRowsBeginWithoutDistance() {
    List<Initialization> ways = Initialization.all(TinyTokenizer.START);
    List<Double> distances = ways.stream().map(way -> study.run(way, 1).distanceBefore()).toList();
    assertEquals(0, distances.get(0), 1e-9, "clone");
    assertTrue(distances.get(1) > 0.1, "clone + noise");
    assertEquals(0, distances.get(2), 1e-9, "mean");
    assertTrue(distances.get(3) > 0.01, "mean of sub-tokens");
    assertTrue(distances.get(4) > 0.1, "random");
    assertTrue(distances.get(5) > 0.1, "description + noise");
  }

  @Test
  void aSeedRepeatsARun() {
    Initialization noisy = Initialization.all(TinyTokenizer.START).get(1);
    assertEquals(study.run(noisy, 3).losses(), study.run(noisy, 3).losses());
  }
}
