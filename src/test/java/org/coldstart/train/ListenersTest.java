package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.coldstart.data.Example;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.io.json.Json;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tech.tablesaw.api.Table;

/** What a run reports: in its log and to TensorBoard. */
class ListenersTest {

  @TempDir
  Path folder;

  private TrainingResult train(TrainingListener... listeners) {
    List<Example> rows = Rows.some(10);
    SftConfig config = SftConfig.builder()
      .learningRate(1e-3)
      .perDeviceTrainBatchSize(2)
      .maxSteps(4)
      .loggingSteps(1)
      .evalSteps(2)
      .build();
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      return new SftTrainer(model, tokenizer, config, rows.subList(0, 8), rows.subList(8, 10)).train(listeners);
    }
  }

  @Test
  void theLogHoldsWhatWasMeasured() {
    TrainingResult result = train();
    List<TrainingLog.Entry> log = result.log().entries();
    assertEquals(5, log.size());
    for (TrainingLog.Entry entry : log.subList(1, 5)) {
      assertTrue(entry.entropy() > 0 && entry.entropy() < Math.log(584), "at most even");
      assertTrue(entry.meanTokenAccuracy() >= 0 && entry.meanTokenAccuracy() <= 1);
      assertTrue(entry.secondsLeft() >= 0);
    }
    assertEquals(0, log.get(4).secondsLeft());
    assertEquals(result.tokens(), log.get(4).numTokens());
    assertFalse(Double.isNaN(log.get(4).evalMeanTokenAccuracy()));
    Table table = result.log().toTable();
    assertEquals(5, table.rowCount());
    assertTrue(table.column("loss").isMissing(0));
    assertEquals(1, table.doubleColumn("entropy").countMissing());
  }

  @Test
  void pythonsTensorBoardReadsTheEvents() throws Exception {
    String python = System.getenv("COLDSTART_PYTHON");
    assumeTrue(python != null, "COLDSTART_PYTHON names no interpreter");
    assumeTrue(new ProcessBuilder(python, "-c", "import tensorboard").start().waitFor() == 0,
        "Python has no tensorboard");
    TrainingResult result = train(new TensorBoardLog(folder.resolve("runs")));
    JsonObject events = readEvents(python, folder.resolve("runs"));
    assertEquals(4, events.getAsJsonArray("train/loss").size());
    assertEquals(3, events.getAsJsonArray("eval/loss").size());
    for (TrainingLog.Entry entry : result.log().entries().subList(1, 5)) {
      assertEquals(entry.loss(), value(events, "train/loss", entry.step()), 1e-6);
      assertEquals(entry.gradNorm(), value(events, "train/grad_norm", entry.step()), 1e-5);
    }
  }

  private static double value(JsonObject events, String tag, int step) {
    JsonArray points = events.getAsJsonArray(tag);
    for (JsonElement point : points) {
      if (point.getAsJsonArray().get(0).getAsInt() == step) {
        return point.getAsJsonArray().get(1).getAsDouble();
      }
    }
    throw new AssertionError(tag + " has nothing at step " + step);
  }

  private static JsonObject readEvents(String python, Path runs) throws Exception {
    String script = """
        import json, sys
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        events = EventAccumulator(sys.argv[1])
        events.Reload()
        found = {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
        print(json.dumps(found))
        """;
    Process process = new ProcessBuilder(python, "-c", script, runs.toString())
      .redirectError(ProcessBuilder.Redirect.DISCARD)
      .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), "EventAccumulator reads the file");
    return Json.parse(out.strip()).getAsJsonObject();
  }
}
