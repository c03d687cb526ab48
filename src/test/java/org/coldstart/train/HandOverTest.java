package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.coldstart.data.DataException;
import org.coldstart.data.Example;
import org.coldstart.data.ExampleShards;
import org.coldstart.data.ThinkAnswer;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Pretrained;
import org.coldstart.model.Trainable;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run that is handed over goes on in TRL with the same losses, in one process and in two, and comes back. The Python
 * is COLDSTART_PYTHON's, with trl (tried with 1.16.0).
 */
class HandOverTest {

  private static final int STEPS = 10;
  private static final int ROWS = 8;

  @TempDir
  Path temp;

  private Tokenizer tokenizer;
  private CausalLm model;
  private List<Example> rows;

  @BeforeEach
  void open() {
    tokenizer = TinyTokenizer.chat();
    tokenizer.addTokens(ThinkAnswer.TOKENS.toArray(String[]::new));
    model = ParityCase.of("llama-tied").model();
    model.resizeTokenEmbeddings(tokenizer);
    int added = tokenizer.id(ThinkAnswer.TOKENS.get(0));
    rows = Rows.some(ROWS).stream().map(row -> {
      row.ids()[row.length() - 1] = added; // so that a new token counts
      return row;
    }).toList();
  }

  @AfterEach
  void close() {
    model.close();
    tokenizer.close();
  }

  /** Every step sees all rows, so that their order does not matter. */
  private static SftConfig.Builder recipe(int batch) {
    return SftConfig.builder()
      .learningRate(2e-3)
      .weightDecay(0.1)
      .warmupRatio(0.2)
      .lrSchedulerType(LearningRateSchedule.COSINE)
      .numTrainEpochs(STEPS)
      .perDeviceTrainBatchSize(batch)
      .loggingSteps(1)
      .maxLength(64);
  }

  private Path export(String name, SftConfig.Builder config) {
    Path folder = temp.resolve(name);
    new HandOver(model, tokenizer, config.build(), rows).export(folder);
    return folder;
  }

  @Test
  void trlTakesTheSameStepsAndWhatItSavesComesBack() throws IOException, InterruptedException {
    String python = System.getenv("COLDSTART_PYTHON");
    assumeTrue(python != null, "COLDSTART_PYTHON names no interpreter");
    assumeTrue(new ProcessBuilder(python, "-c", "import trl, datasets").start().waitFor() == 0, "it has no trl");
    Path one = export("one", recipe(ROWS));
    Path two = export("two", recipe(ROWS / 2));
    TrainingResult ours = new SftTrainer(model, tokenizer, recipe(ROWS).build(), rows, List.of()).train();
    List<Double> losses = ours.log().entries().stream().map(TrainingLog.Entry::loss).toList();

    run(one, python, "-c", "import glob; from accelerate.commands.config.config_args import load_config_from_file;"
        + "files = glob.glob('accelerate/*.yaml'); assert len(files) == 4; [load_config_from_file(f) for f in files]");
    run(one, python, "-m", "trl.cli.main", "sft", "--config", "run.yaml", "--accelerate_config",
        "accelerate/one-machine.yaml");
    run(two, python, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "trl.scripts.sft", "--config",
        "run.yaml", "--use_cpu", "true");
    for (Path folder : List.of(one, two)) {
      List<Double> theirs = losses(folder);
      assertEquals(STEPS, theirs.size());
      double most = IntStream.range(0, STEPS).mapToDouble(i -> Math.abs(theirs.get(i) - losses.get(i))).max().orElse(1);
      double first = Math.abs(theirs.get(0) - losses.get(0));
      System.out.printf("hand-over, %s: first loss within %.1e, ten within %.1e%n", folder.getFileName(), first, most);
      assertTrue(first < 1e-4, theirs + " instead of " + losses);
      assertTrue(most < 1e-3, theirs + " instead of " + losses);
    }
    assertTrue(losses.get(0) - losses.get(STEPS - 1) > 0.1, "a run that learns nothing proves nothing: " + losses);
    comesBack(two.resolve("trained"), losses.get(STEPS - 1));
  }

  private static void run(Path folder, String... command) throws IOException, InterruptedException {
    ProcessBuilder process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    process.environment()
      .putAll(Map.of("HF_HUB_OFFLINE", "1", "HF_HOME", folder.resolve("cache").toString(), "OMP_NUM_THREADS", "1",
          "CUDA_VISIBLE_DEVICES", "", "TOKENIZERS_PARALLELISM", "false"));
    Path log = folder.resolve("log.txt");
    int status = process.redirectOutput(log.toFile()).start().waitFor();
    assertEquals(0, status, () -> {
      try {
        return Files.readString(log);
      } catch (IOException e) {
        return e.toString();
      }
    });
  }

  private static List<Double> losses(Path folder) {
    Path state = folder.resolve("trained/checkpoint-" + STEPS + "/trainer_state.json");
    return StreamSupport.stream(ParityCase.json(state).getAsJsonArray("log_history").spliterator(), false)
      .map(JsonElement::getAsJsonObject)
      .filter(entry -> entry.has("loss"))
      .map(entry -> entry.get("loss").getAsDouble())
      .toList();
  }

  private void comesBack(Path trained, double lastLoss) {
    try (Pretrained back = Pretrained.load(trained.toString())) {
      assertEquals(tokenizer.id("<think>"), back.tokenizer().id("<think>"));
      Generation reply = new Generator(back.model(), back.tokenizer()).chat(List.of(Message.user("Hi")),
          Sampling.greedy(), 5);
      assertTrue(reply.ids().length > 0);
      TrainingResult more = new SftTrainer(back.model(), back.tokenizer(), recipe(ROWS).build(), rows, List.of())
        .train();
      assertTrue(more.trainLoss() < lastLoss, more + " after " + lastLoss);
    }
  }

  @Test
  void theFolderHoldsAllThatIsNeeded() throws IOException {
    Path folder = export("run", recipe(4).optim(OptimizerName.ADAMW_8BIT).packing(true).saveTotalLimit(2));
    String yaml = Files.readString(folder.resolve("run.yaml"));
    for (String line : List.of("model_name_or_path: model", "learning_rate: 0.002", "lr_scheduler_type: cosine",
        "warmup_steps: 0.2", "max_steps: -1", "optim: adamw_bnb_8bit", "packing: true", "bf16: false",
        "save_strategy: \"epoch\"", "neftune_noise_alpha: null", "save_total_limit: 2", "seed: 42",
        "# - adamw_bnb_8bit needs pip install bitsandbytes.")) {
      assertTrue(yaml.lines().anyMatch(line::equals), line + " is missing in\n" + yaml);
    }
    assertEquals(rows.size(), ExampleShards.open(folder.resolve("data")).size());
    for (String file : List.of("README.md", "trainjob.yaml", "accelerate/one-machine.yaml", "accelerate/fsdp2.yaml",
        "accelerate/several-gpus.yaml", "accelerate/two-machines.yaml")) {
      String text = Files.readString(folder.resolve(file));
      assertFalse(text.contains("{"), file + " has a place that is not filled");
    }
    List<String> left = new ArrayList<>(List.of(temp.toFile().list()));
    assertEquals(List.of("run"), left);
  }

  private void assertRefused(String begin, SftConfig.Builder config) {
    String message = assertThrows(IllegalArgumentException.class, () -> export("refused", config)).getMessage();
    assertTrue(message.startsWith(begin), message);
    assertFalse(Files.exists(temp.resolve("refused")));
  }

  @Test
  void whatTrlLacksIsRefused() {
    assertRefused("loadBestModelAtEnd and earlyStoppingPatience have no counterpart", recipe(4).earlyStoppingPatience(2));
    assertRefused("warmupRatio 1 has no counterpart", recipe(4).warmupRatio(1));
    assertRefused("The seed -1 has no counterpart", recipe(4).seed(-1));
    assertRefused("Training row 3 has 18 tokens", recipe(4).maxLength(17));
    model.setTrainable(Trainable.tokenRows(5));
    assertRefused("Only a run that trains all weights is handed over", recipe(4));
  }

  @Test
  void aFolderWithFilesAndRowsWithWeightsAreRefused() throws IOException {
    Files.writeString(Files.createDirectories(temp.resolve("there")).resolve("mine.txt"), "");
    assertEquals(temp.resolve("there") + " exists: choose a new folder, or delete it.",
        assertThrows(IllegalArgumentException.class, () -> export("there", recipe(4))).getMessage());
    rows = List.of(rows.get(0).withWeight(2));
    assertThrows(DataException.class, () -> export("weighed", recipe(4)));
    assertEquals(List.of("there"), List.of(temp.toFile().list()));
  }
}
