package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.coldstart.data.Example;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.AddressSpace;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.io.torch.Torch;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever goes wrong, one sentence says what and where, and no checkpoint is lost. */
class FailureTest {

  private static final int LENGTH = 5_000_000;

  /** Enough for the JVM, not for one vector of each position. */
  private static final long ROOM = 600 << 20;


  private static final Tokenizer TOKENIZER = TinyTokenizer.chat();

  @TempDir
  Path folder;
  private CausalLm model;

  @AfterAll
  static void closeTokenizer() {
    TOKENIZER.close();
  }

  @BeforeEach
  void load() {
    model = ParityCase.of("llama-tied").model();
    model.resizeTokenEmbeddings(TOKENIZER);
  }

  @AfterEach
  void close() {
    model.close();
  }

  private SftConfig.Builder config() {
    return SftConfig.builder()
      .learningRate(1e-3)
      .perDeviceTrainBatchSize(2)
      .maxSteps(6)
      .saveStrategy(SaveStrategy.STEPS)
      .saveSteps(1)
      .outputDir(folder);
  }

  private SftTrainer trainer(SftConfig config) {
    return new SftTrainer(model, TOKENIZER, config, Rows.some(8), List.of());
  }

  @Test
  void aLossThatIsNoNumberNamesStepRowsAndCheckpoint() {
    SftConfig config = config().learningRate(1e18).maxGradNorm(0).maxSteps(20).build();
    TrainingException error = assertThrows(TrainingException.class, () -> trainer(config).train());
    String expected = "The (loss|gradient norm) of step \\d+ .*(NaN|Infinity) at rows \\d+, \\d+ of the.*";
    assertTrue(error.getMessage().matches(expected), error.getMessage());
    assertTrue(error.getMessage().contains("lower learning rate"), error.getMessage());
    Path last = error.lastCheckpoint().orElseThrow();
    assertTrue(error.getMessage().contains(last.toString()), error.getMessage());
    assertTrue(Files.exists(last.resolve("model.safetensors")));
    assertFalse(error.canResume());
  }

  @Test
  void aFailingListenerIsNamedAndTheRunGoesOn() {
    List<Integer> notified = new ArrayList<>();
    TrainingListener faulty = new TrainingListener() {
      @Override
      public void onStep(Step now) {
        if (now.step() == 3 && !notified.contains(3)) {
          throw new IllegalStateException("the chart is closed");
        }
      }
    };
    TrainingListener counter = new TrainingListener() {
      @Override
      public void onStep(Step now) {
        notified.add(now.step());
      }
    };
    try (CausalLm other = ParityCase.of("llama-tied").model()) {
      other.resizeTokenEmbeddings(TOKENIZER);
      new SftTrainer(other, TOKENIZER, config().outputDir(null).build(), Rows.some(8), List.of()).train();
      SftTrainer trainer = trainer(config().build());
      TrainingException error = assertThrows(TrainingException.class, () -> trainer.train(faulty, counter));
      assertTrue(
          error.getMessage()
            .startsWith("Training stopped after step 3: The listener " + faulty.getClass().getName() + " failed: "),
          error.getMessage());
      assertTrue(error.getMessage().contains("the chart is closed"), error.getMessage());
      assertEquals(folder.resolve("checkpoint-3"), error.lastCheckpoint().orElseThrow());
      assertTrue(error.canResume());
      assertEquals(6, trainer.resume(faulty, counter).steps());
      assertEquals(List.of(1, 2, 3, 4, 5, 6), notified);
      Map<String, float[]> weights = Arrays32.weights(model);
      Arrays32.weights(other).forEach((name, w) -> assertArrayEquals(w, weights.get(name), name));
    }
  }

  @Test
  void aFolderThatTakesNoCheckpointIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("taken"), "");
    SftTrainer trainer = trainer(config().loggingSteps(1).outputDir(file).build());
    List<Integer> logged = new ArrayList<>();
    TrainingListener listener = new TrainingListener() {
      @Override
      public void onLog(TrainingLog.Entry entry) {
        logged.add(entry.step());
      }
    };
    TrainingException error = assertThrows(TrainingException.class, () -> trainer.train(listener));
    assertTrue(error.getMessage().startsWith("Training stopped after step 1: Cannot write "), error.getMessage());
    assertTrue(error.getMessage().contains(file.toString()), error.getMessage());
    Files.delete(file);
    TrainingResult result = trainer.resume(listener);
    assertEquals(6, result.steps());
    assertEquals(List.of(1, 2, 3, 4, 5, 6), logged);
    assertTrue(Files.exists(file.resolve("checkpoint-1")), "the one that failed is saved first");
  }

  @Test
  void theBestModelIsSavedOnceThereIsRoom() throws IOException {
    Path file = Files.writeString(folder.resolve("taken"), "");
    SftConfig config = config().outputDir(file)
      .saveStrategy(SaveStrategy.NO)
      .evalSteps(3)
      .loadBestModelAtEnd(true)
      .build();
    SftTrainer trainer = new SftTrainer(model, TOKENIZER, config, Rows.some(8), Rows.some(2));
    assertThrows(TrainingException.class, trainer::train);
    Files.delete(file);
    TrainingResult result = trainer.resume();
    assertTrue(Files.exists(file.resolve("checkpoint-3")));
    assertTrue(result.bestCheckpoint().isPresent());
  }

  @Test
  void aFullDiskIsNamedAndLosesNoCheckpoint() throws Exception {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=1200k", "none", disk.toString()),
        "mounting a small disk takes root");
    try {
      SftTrainer trainer = trainer(config().outputDir(disk.resolve("out")).build());
      TrainingException error = assertThrows(TrainingException.class, trainer::train);
      assertTrue(error.getMessage().contains("the disk is full"), error.getMessage());
      Path last = error.lastCheckpoint().orElseThrow();
      assertEquals(SftTrainer.lastCheckpoint(disk.resolve("out")).orElseThrow(), last);
      assertTrue(Files.exists(last.resolve("optimizer.safetensors")));
      try (var files = Files.list(disk.resolve("out"))) {
        assertTrue(files.allMatch(file -> file.getFileName().toString().startsWith("checkpoint-")));
      }
      try (var files = Files.walk(disk.resolve("out").resolve("checkpoint-1"))) {
        files.sorted(Collections.reverseOrder()).forEach(file -> file.toFile().delete());
      }
      // Room for one more: the checkpoint that failed is the first thing the resumed run saves.
      TrainingException again = assertThrows(TrainingException.class, trainer::resume);
      assertTrue(step(again.lastCheckpoint().orElseThrow()) > step(last), again.getMessage());
    } finally {
      run("umount", disk.toString());
    }
  }

  private static int step(Path checkpoint) {
    return Integer.parseInt(checkpoint.getFileName().toString().replace("checkpoint-", ""));
  }

  private static boolean run(String... command) throws IOException, InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** Memory for 5,000,000 positions is refused. */
  @Test
  void memoryThatRunsOutIsNamedWithAWayOut() throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/status")), "memory can be limited on Linux only");
    SftConfig config = config().maxLength(LENGTH).build();
    SftTrainer trainer = new SftTrainer(model, TOKENIZER, config, List.of(endless()), List.of());
    try (AddressSpace limited = AddressSpace.withRoomFor(ROOM)) {
      TrainingException error = assertThrows(TrainingException.class, trainer::train);
      String message = error.getMessage();
      assertTrue(message.startsWith("Memory ran out in step 1 with a batch of 1 × " + LENGTH), message);
      assertTrue(message.contains("perDeviceTrainBatchSize"), message);
    }
    SftTrainer next = new SftTrainer(model, TOKENIZER, config().build(), Rows.some(8), List.of());
    assertEquals(6, next.train().steps(), "the model is still of use");
  }

  @Test
  void soIsMemoryThatRunsOutInAnEvaluation() throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/status")), "memory can be limited on Linux only");
    SftConfig config = config().maxLength(LENGTH).build();
    SftTrainer trainer = new SftTrainer(model, TOKENIZER, config, Rows.some(8), List.of(endless()));
    try (AddressSpace limited = AddressSpace.withRoomFor(ROOM)) {
      String message = assertThrows(TrainingException.class, trainer::train).getMessage();
      assertTrue(message.startsWith("Memory ran out before the first step"), message);
      assertTrue(message.contains("perDeviceEvalBatchSize"), message);
    }
  }

  private static Example endless() {
    int[] ids = new int[LENGTH];
    Arrays.fill(ids, 7);
    boolean[] mask = new boolean[ids.length];
    mask[mask.length - 1] = true;
    return new Example(ids, mask);
  }

  @Test
  void outOfMemoryIsDistinguishedFromOtherErrors() {
    assertTrue(Failures.isOutOfMemory(new OutOfMemoryError("Java heap space")));
    assertTrue(Failures.isOutOfMemory(
        new EngineException("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate"
            + " memory: you tried to allocate 64 bytes.")));
    assertTrue(Failures.isOutOfMemory(new EngineException("CUDA out of memory. Tried to …")));
    assertFalse(Failures.isOutOfMemory(new EngineException("shape '[3]' is invalid")));
    assertFalse(Failures.isOutOfMemory(new IllegalStateException("out of memory")));
  }

  /** A run that is resumed cannot take another optimizer, so none is proposed. */
  @Test
  void memoryThatRunsOutInAResumeNamesTheCheckpoint() {
    Path checkpoint = folder.resolve("checkpoint-4");
    TrainingException error = assertThrows(TrainingException.class, () -> Failures.resuming(checkpoint, () -> {
      throw new EngineException("DefaultCPUAllocator: can't allocate memory");
    }));
    String message = error.getMessage();
    assertTrue(message.startsWith("Memory ran out while resuming from checkpoint-4"), message);
    assertTrue(message.endsWith("The last good checkpoint is " + checkpoint + "."), message);
    assertFalse(message.contains("ADAMW_8BIT"), message);
    assertEquals(checkpoint, error.lastCheckpoint().orElseThrow());
    assertThrows(IllegalStateException.class, () -> Failures.resuming(checkpoint, () -> {
      throw new IllegalStateException("something else");
    }));
  }

  /** State for 2^48 values has no room in any machine's address space. */
  @Test
  void anOptimizerWithoutRoomLeavesNothingBehind() {
    for (OptimizerName name : OptimizerName.values()) {
      SftConfig config = config().optim(name).build();
      try (NDManager scope = Torch.newManager()) {
        Map<String, NDArray> parameters = new LinkedHashMap<>();
        parameters.put("small", scope.zeros(new Shape(3, 5)));
        parameters.put("large", scope.zeros(new Shape(100, 100)));
        parameters.put("endless", scope.zeros(new Shape(1)).broadcast(1L << 48));
        NDManager root = scope.getParentManager();
        Set<NDArray> before = Collections.newSetFromMap(new IdentityHashMap<>());
        before.addAll(root.getManagedArrays());
        EngineException error = assertThrows(EngineException.class, () -> Optimizer.of(parameters, config));
        assertTrue(Failures.isOutOfMemory(error), error.getMessage());
        assertTrue(before.containsAll(root.getManagedArrays()), name + " holds memory");
      }
    }
  }

  @Test
  void theJavaHeapHasItsOwnWayOut() {
    List<Example> rows = Rows.some(3);
    SftObjective data = new SftObjective(null, config().build(), rows, List.of());
    TrainerState state = new TrainerState();
    state.globalStep = 3;
    String message = new Failures(data, config().build(), state).outOfMemory(rows.subList(0, 1), new OutOfMemoryError())
      .getMessage();
    assertTrue(message.startsWith("The Java heap is full in step 4"), message);
    assertTrue(message.contains("-Xmx"), message);
    assertTrue(message.contains("No checkpoint was saved"), message);
  }
}
