package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.coldstart.data.Example;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An interrupted run ends at once and leaves nothing behind that a later run would notice. */
class InterruptionTest {

  private final Tokenizer tokenizer = TinyTokenizer.chat();
  private CausalLm model;

  @BeforeEach
  void load() {
    model = ParityCase.of("llama-untied").model();
  }

  @AfterEach
  void close() {
    assertFalse(Thread.interrupted(), "the interrupt is consumed");
    model.close();
    tokenizer.close();
  }

  private static SftConfig.Builder config() {
    return SftConfig.builder()
      .learningRate(1e-3)
      .perDeviceTrainBatchSize(1)
      .gradientAccumulationSteps(4)
      .numTrainEpochs(2);
  }

  private TrainingResult train(SftConfig config, TrainingListener... listeners) {
    return new SftTrainer(model, tokenizer, config, Rows.some(8), Rows.some(2)).train(listeners);
  }

  /** Interrupts the training thread once a step is done. */
  private static TrainingListener after(int step) {
    return onStep(now -> {
      if (now.step() == step) {
        Thread.currentThread().interrupt();
      }
    });
  }

  private static TrainingListener onStep(Consumer<TrainingListener.Step> action) {
    return new TrainingListener() {
      @Override
      public void onStep(Step now) {
        action.accept(now);
      }
    };
  }

  @Test
  void theRunEndsBeforeTheNextBatch() {
    TrainingResult result = train(config().build(), after(1));
    assertTrue(result.interrupted());
    assertEquals(1, result.steps());
    assertEquals(4, result.rows());
    assertTrue(result.toString().startsWith("Interrupted after 1 steps"), result.toString());
  }

  @Test
  void halfAStepLeavesNoTrace() throws InterruptedException {
    Map<String, float[]> before = Arrays32.weights(model);
    // One step of batches that take some seconds; the interrupt comes from outside, within it.
    SftConfig config = config().gradientAccumulationSteps(1000).build();
    List<Example> rows = Collections.nCopies(1000, Rows.of(12, 1));
    SftTrainer trainer = new SftTrainer(model, tokenizer, config, rows, List.of());
    Thread impatient = interruptInAForwardPass(Thread.currentThread());
    TrainingResult result = trainer.train();
    impatient.join();
    assertTrue(result.interrupted());
    assertEquals(0, result.steps());
    Arrays32.weights(model).forEach((name, weights) -> assertArrayEquals(before.get(name), weights, name));
  }

  /** One batch: the interrupt comes after the last check for one. */
  @Test
  void theStepIsFinishedAndSavedIfItsLastBatchIsUnderWay(@TempDir Path folder) throws InterruptedException {
    model.resizeTokenEmbeddings(tokenizer);
    List<Example> rows = Collections.nCopies(1000, Rows.of(12, 1));
    SftConfig config = config().perDeviceTrainBatchSize(1000)
      .gradientAccumulationSteps(1)
      .maxSteps(3)
      .outputDir(folder)
      .build();
    SftTrainer trainer = new SftTrainer(model, tokenizer, config, rows, List.of());
    Thread impatient = interruptInAForwardPass(Thread.currentThread());
    TrainingResult result = trainer.train();
    impatient.join();
    assertTrue(result.interrupted());
    assertEquals(1, result.steps());
    assertEquals(folder.resolve("checkpoint-1"), result.lastCheckpoint().orElseThrow());
    assertEquals(3, trainer.resume().steps());
  }

  private static Thread interruptInAForwardPass(Thread target) {
    Thread thread = new Thread(() -> {
      while (!isIn(target, ForwardBackward.class)) {
        Thread.onSpinWait();
      }
      target.interrupt();
    });
    thread.start();
    return thread;
  }

  private static boolean isIn(Thread thread, Class<?> type) {
    return Stream.of(thread.getStackTrace())
      .anyMatch(
          frame -> frame.getClassName().equals(type.getName()) && frame.getMethodName().equals("forwardBackward"));
  }

  @Test
  void betweenTwoEvaluationsTheResultHasNoEvalLoss() {
    SftConfig config = config().evalSteps(2).build();
    TrainingResult result = train(config, after(3));
    assertEquals(3, result.steps());
    assertTrue(Double.isNaN(result.evalLoss()), "that of step 2 is of other weights");
    assertFalse(Double.isNaN(train(config, after(2)).evalLoss()));
  }

  @Test
  void aSecondRunIsNotTouchedByTheFirst() {
    SftConfig whole = config().build();
    train(config().learningRate(1e-30).build(), after(1)); // moves nothing
    TrainingResult second = train(whole);
    Map<String, float[]> weights = Arrays32.weights(model);
    try (CausalLm fresh = ParityCase.of("llama-untied").model()) {
      CausalLm used = model;
      model = fresh;
      TrainingResult only = train(whole);
      model = used;
      assertEquals(only.trainLoss(), second.trainLoss());
      Arrays32.weights(fresh).forEach((name, w) -> assertArrayEquals(w, weights.get(name), name));
    }
  }

  /** In a notebook the next cell may start while a stopped one still ends its batch. */
  @Test
  void aSecondRunWaitsForTheFirst() throws InterruptedException {
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    SftConfig two = config().maxSteps(2).build();
    Thread second = new Thread(() -> train(two, onStep(now -> order.add("second"))));
    train(two, onStep(now -> {
      if (now.step() == 1) {
        startAndAwaitBlocked(second);
      }
      order.add("first");
    }));
    second.join();
    assertEquals(List.of("first", "first", "second", "second"), order);
  }

  /** Returns at the thread's end, too: a run that does not wait must fail the test, not hang it. */
  private static void startAndAwaitBlocked(Thread thread) {
    thread.start();
    while (thread.isAlive() && thread.getState() != Thread.State.BLOCKED) {
      Thread.yield();
    }
  }

  @Test
  void evaluationEndsBeforeItsNextBatch() {
    List<Example> heldOut = Collections.nCopies(5000, Rows.of(12, 1)); // some ten seconds
    SftConfig config = config().perDeviceEvalBatchSize(1).evalSteps(1).build();
    Thread.currentThread().interrupt();
    TrainingResult result = new SftTrainer(model, tokenizer, config, Rows.some(8), heldOut).train();
    assertTrue(result.interrupted());
    assertEquals(0, result.steps());
    assertTrue(Double.isNaN(result.evalLoss()), "a broken-off evaluation counts for nothing");
  }

  @Test
  void whatWasReachedIsSaved(@TempDir Path folder) {
    model.resizeTokenEmbeddings(tokenizer);
    TrainingResult result = train(config().outputDir(folder).build(), after(1));
    assertTrue(result.interrupted());
    assertEquals(1, result.steps());
    assertEquals(folder.resolve("checkpoint-1"), result.lastCheckpoint().orElseThrow());
    try (CausalLm saved = CausalLm.fromPretrained(folder.resolve("checkpoint-1"))) {
      Map<String, float[]> weights = Arrays32.weights(saved);
      Arrays32.weights(model).forEach((name, w) -> assertArrayEquals(w, weights.get(name), name));
    }
  }

  /** A stopped cell gives its value to nobody; the next one asks the trainer. */
  @Test
  void theNextCellFindsTheResult() throws InterruptedException {
    SftTrainer trainer = new SftTrainer(model, tokenizer, config().build(), Rows.some(8), List.of());
    String nothing = assertThrows(IllegalStateException.class, trainer::result).getMessage();
    assertTrue(nothing.contains("begin with train()"), nothing);
    List<TrainingResult> seen = Collections.synchronizedList(new ArrayList<>());
    Thread nextCell = new Thread(() -> seen.add(trainer.result()));
    TrainingResult part = trainer.train(after(1), onStep(now -> {
      if (now.step() == 1) {
        startAndAwaitBlocked(nextCell);
      }
    }));
    nextCell.join();
    assertEquals(List.of(part), seen, "it waits for the run's end");
    assertTrue(part.interrupted());
    assertEquals(trainer.resume(), trainer.result());
    assertEquals(4, trainer.result().steps());
  }

  @Test
  void aRunThatFailedHasNoResult() {
    SftTrainer trainer = new SftTrainer(model, tokenizer, config().build(), Rows.some(8), List.of());
    trainer.train();
    TrainingListener faulty = onStep(now -> { throw new IllegalStateException("chart"); });
    assertThrows(TrainingException.class, () -> trainer.train(faulty));
    assertThrows(IllegalStateException.class, trainer::result, "not that of the run before");
    assertEquals(4, trainer.resume().steps());
  }

  @Test
  void anErrorInAListenerLeavesAModelThatTrainsOn() {
    TrainingListener faulty = new TrainingListener() {
      @Override
      public void onStep(Step now) {
        throw new IllegalStateException("chart");
      }
    };
    assertThrows(IllegalStateException.class, () -> train(config().build(), faulty));
    assertEquals(4, train(config().build()).steps());
  }
}
