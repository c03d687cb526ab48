package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A training process killed (SIGKILL) twenty times at random moments, and begun again each time: always from a whole
 * checkpoint, and in the end with the weights of a run left alone.
 */
class KillTest {

  private static final int KILLS = 20;
  private static final int STEPS = 150;

  @TempDir
  Path folder;

  /** The process: trains into a folder, from its last checkpoint if there is one. */
  public static void main(String[] arguments) {
    Path out = Path.of(arguments[0]);
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      SftTrainer trainer = new SftTrainer(model, tokenizer, config(out), Rows.some(9), List.of());
      TrainingListener reporter = new TrainingListener() {
        @Override
        public void onStep(Step now) {
          System.out.println("step " + now.step());
        }
      };
      Optional<Path> last = SftTrainer.lastCheckpoint(out);
      System.out.println("from " + last.map(path -> path.getFileName().toString()).orElse("start"));
      TrainingResult result = last.isPresent() ? trainer.resume(last.get(), reporter) : trainer.train(reporter);
      System.out.println("done " + result.steps());
    }
  }

  private static SftConfig config(Path out) {
    return SftConfig.builder()
      .learningRate(1e-3)
      .optim(OptimizerName.ADAMW_8BIT)
      .perDeviceTrainBatchSize(2)
      .gradientAccumulationSteps(2)
      .neftuneNoiseAlpha(5)
      .maxSteps(STEPS)
      .saveStrategy(SaveStrategy.STEPS)
      .saveSteps(2)
      .saveTotalLimit(2)
      .outputDir(out)
      .build();
  }

  @Test
  void twentyDeathsChangeNothing() throws Exception {
    Map<String, float[]> alone = undisturbed();
    Path out = folder.resolve("killed");
    Random random = new Random(1);
    int reached = 0;
    int kills = 0;
    while (kills < KILLS) {
      Life life = live(out, random.nextInt(250));
      assertTrue(life.from() >= reached, "back to step " + life.from() + " from " + reached);
      reached = life.from();
      if (life.done()) {
        assertSameWeights(alone, out); // before its next death: begins anew
        delete(out);
        reached = 0;
      } else {
        kills++;
        assertWhole(out);
      }
    }
    Life last = live(out, Integer.MAX_VALUE);
    assertTrue(last.done());
    assertSameWeights(alone, out);
  }

  private Map<String, float[]> undisturbed() throws Exception {
    Path out = folder.resolve("alone");
    assertTrue(live(out, Integer.MAX_VALUE).done());
    return weights(out);
  }

  private static Map<String, float[]> weights(Path out) {
    try (CausalLm model = CausalLm.fromPretrained(out.resolve("checkpoint-" + STEPS))) {
      return Arrays32.weights(model);
    }
  }

  private static void assertSameWeights(Map<String, float[]> expected, Path out) {
    Map<String, float[]> found = weights(out);
    expected.forEach((name, values) -> assertArrayEquals(values, found.get(name), name));
  }

  /** Every folder that bears a checkpoint's name has all a checkpoint's files. */
  private static void assertWhole(Path out) throws IOException {
    if (!Files.exists(out)) {
      return;
    }
    try (Stream<Path> files = Files.list(out)) {
      for (Path checkpoint : files.filter(file -> file.getFileName().toString().startsWith("checkpoint-")).toList()) {
        for (String file : List.of("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json",
            "optimizer.safetensors", "trainer_state.json")) {
          assertTrue(Files.size(checkpoint.resolve(file)) > 0, checkpoint + " lacks " + file);
        }
      }
    }
  }

  /** The step a process began at, and whether it came to its end. */
  private record Life(int from, boolean done) {}

  /** Lets a process live for some milliseconds after its first step. */
  private static Life live(Path out, int millis) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dai.djl.offline=true"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), KillTest.class.getName()));
    command.add(out.toString());
    Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    int from = 0;
    boolean done = false;
    try (BufferedReader lines = process.inputReader()) {
      for (String line; (line = lines.readLine()) != null;) {
        if (line.startsWith("from checkpoint-")) {
          from = Integer.parseInt(line.substring("from checkpoint-".length()));
        }
        if (line.startsWith("step ") && millis < Integer.MAX_VALUE && process.isAlive()) {
          Thread.sleep(millis);
          process.toHandle().destroyForcibly(); // Process itself would close what it has said
        }
        done |= line.equals("done " + STEPS);
      }
    }
    int code = process.waitFor();
    assertTrue(code == 0 && done || code == 137, "the process ended by itself with " + code);
    return new Life(from, done);
  }

  private static void delete(Path out) throws IOException {
    try (Stream<Path> files = Files.walk(out)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
