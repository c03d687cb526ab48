package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.coldstart.data.Example;
import org.coldstart.data.PreferencePair;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.lora.Lora;
import org.coldstart.lora.LoraConfig;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run on preferences is a run like any other; its rows and its reference are checked. */
class DpoTrainerTest {

  private static final Tokenizer TOKENIZER = TinyTokenizer.chat();
  private static final List<PreferencePair> PAIRS = pairs(7);

  @TempDir
  Path folder;

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  private static List<PreferencePair> pairs(int count) {
    return IntStream.range(0, count)
      .mapToObj(i -> new PreferencePair(Rows.of(5 + i, 2 * i), Rows.of(8 - i % 3, 2 * i + 1)))
      .toList();
  }

  private static CausalLm model() {
    CausalLm model = ParityCase.of("llama-tied").model();
    model.resizeTokenEmbeddings(TOKENIZER);
    return model;
  }

  private static DpoConfig.Builder config() {
    return DpoConfig.builder()
      .learningRate(1e-3)
      .numTrainEpochs(3)
      .perDeviceTrainBatchSize(1)
      .gradientAccumulationSteps(2)
      .loggingSteps(1);
  }

  private static DpoTrainer trainer(CausalLm model, DpoConfig config) {
    return new DpoTrainer(model, TOKENIZER, config, PAIRS, pairs(2));
  }

  @ParameterizedTest
  @ValueSource(strings = {"all weights", "adapter"})
  void resumedToTheBit(String trained) {
    Consumer<CausalLm> choice = model -> {
      if (trained.equals("adapter")) {
        Lora.attach(model, LoraConfig.builder().r(4).loraDropout(0.1).trainableTokenIndices(5, 9).build());
      }
    };
    DpoConfig config = config().saveStrategy(SaveStrategy.STEPS).saveSteps(3).outputDir(folder).build();
    DpoConfig unsaved = config().build();
    try (CausalLm alone = model(); CausalLm first = model(); CausalLm other = model()) {
      List.of(alone, first, other).forEach(choice);
      TrainingResult whole = trainer(alone, unsaved).train();
      assertEquals(12, whole.steps());
      assertEquals(21, whole.rows());
      TrainingResult part = trainer(first, config).train(interruptAfter(5));
      assertTrue(part.interrupted());
      TrainingResult resumed = trainer(other, config).resume();
      assertFalse(resumed.interrupted());
      assertEquals(log(whole), log(resumed));
      Map<String, float[]> weights = Arrays32.weights(other);
      Arrays32.weights(alone).forEach((name, w) -> assertArrayEquals(w, weights.get(name), name));
      other.trainableParameters()
        .forEach(
            (name, w) -> assertArrayEquals(alone.trainableParameters().get(name).toFloatArray(), w.toFloatArray()));
    }
  }

  private static List<Object> log(TrainingResult result) {
    return result.log().entries().stream().map(e -> List.of(e.loss(), e.evalLoss(), e.gradNorm(), e.metrics()))
      .collect(ArrayList::new, List::add, List::addAll);
  }

  static TrainingListener interruptAfter(int step) {
    return new TrainingListener() {
      @Override
      public void onStep(Step now) {
        if (now.step() == step) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  @Test
  void theChosenReplyBecomesLikelierThanTheRejectedOne() {
    try (CausalLm model = model()) {
      List<TrainingLog.Entry> log = trainer(model, config().build()).train().log().entries();
      assertEquals(Math.log(2), log.get(0).evalLoss(), 1e-5, "untrained, model and reference are the same");
      assertEquals(1, log.get(log.size() - 1).evalMeanTokenAccuracy(), "pairs ranked right");
      Map<String, Double> last = log.get(log.size() - 1).metrics();
      assertTrue(last.get("rewards/margins") > 0.5, last::toString);
      assertEquals(1, last.get("rewards/accuracies"));
      assertEquals(last.get("rewards/margins"), last.get("rewards/chosen") - last.get("rewards/rejected"), 1e-9);
      assertTrue(new TrainingLog(log).toTable().columnNames().contains("rewards/margins"));
    }
  }

  /** An adapter that was trained before is the model's, not the reference's. */
  @Test
  void theReferenceIsTheModelWithoutItsAdapter() {
    LoraConfig adapter = LoraConfig.builder().r(4).trainableTokenIndices(5, 9).build();
    try (CausalLm plain = model(); CausalLm model = model()) {
      Lora lora = Lora.attach(model, adapter);
      lora.tensors().values().forEach(tensor -> TorchOps.fill(tensor, slope((int) tensor.size())));
      model.trainable().writeTokens();
      float[] adapted = Arrays32.logits(model, PAIRS.get(0).chosen().ids(), Precision.F32);
      DpoObjective objective = DpoObjective.of(model, null, config().build(), PAIRS, List.of());
      LogProbabilities bare = LogProbabilities.of(plain, PAIRS.stream().map(PreferencePair::chosen).toList());
      LogProbabilities own = LogProbabilities.of(model, PAIRS.stream().map(PreferencePair::chosen).toList());
      for (int i = 0; i < PAIRS.size(); i++) {
        assertEquals(bare.sum(i), objective.train().get(i).refChosen(), 1e-4);
        assertTrue(Math.abs(own.sum(i) - bare.sum(i)) > 1e-2, "the adapter makes a difference");
      }
      assertArrayEquals(adapted, Arrays32.logits(model, PAIRS.get(0).chosen().ids(), Precision.F32), "on again");
    }
  }

  private static float[] slope(int length) {
    float[] values = new float[length];
    IntStream.range(0, length).forEach(i -> values[i] = 0.05f * (i % 11 - 5));
    return values;
  }

  @Test
  void aPairWithoutADifferenceIsNamed() {
    PreferencePair same = new PreferencePair(Rows.of(6, 1), Rows.of(6, 1));
    assertFalse(same.differs());
    assertRefused("training pair 2: chosen and rejected are the same", List.of(PAIRS.get(0), same));
    assertRefused("training pairs 1, 2: chosen and rejected are the same", List.of(same, same));
  }

  @Test
  void aReplyThatCannotBeTrainedOnIsNamed() {
    Example silent = new Example(new int[] {5, 6, 7}, new boolean[3]);
    assertRefused("The rejected reply of training pair 1 has no token that carries loss",
        List.of(new PreferencePair(Rows.of(6, 1), silent)));
    assertRefused("The chosen reply of training pair 1 has 2000 tokens",
        List.of(new PreferencePair(Rows.of(2000, 1), Rows.of(6, 1))));
    assertRefused("There is no row to train on", List.of());
  }

  private static void assertRefused(String sentence, List<PreferencePair> pairs) {
    try (CausalLm model = model()) {
      String message = assertThrows(IllegalArgumentException.class,
          () -> new DpoTrainer(model, TOKENIZER, config().build(), pairs, List.of())).getMessage();
      assertTrue(message.contains(sentence), message);
    }
  }

  @Test
  void aReferenceOfAnotherVocabularyIsRefused() {
    try (CausalLm model = model(); CausalLm reference = ParityCase.of("llama-tied").model()) {
      String message = assertThrows(IllegalArgumentException.class,
          () -> new DpoTrainer(model, reference, TOKENIZER, config().build(), PAIRS, List.of())).getMessage();
      assertTrue(message.contains("The reference has a vocabulary of 99 tokens, the model one of 584"), message);
    }
  }

  @Test
  void anotherReferenceIsAnotherRun() {
    DpoConfig config = config().outputDir(folder).maxSteps(2).build();
    try (CausalLm model = model(); CausalLm reference = model()) {
      trainer(model, config).train();
      reference.parameters().get("model.norm.weight").muli(1.5);
      DpoTrainer other = new DpoTrainer(model, reference, TOKENIZER, config, PAIRS, pairs(2));
      String message = assertThrows(IllegalArgumentException.class, other::resume).getMessage();
      assertTrue(message.contains("training pairs was"), message);
    }
  }

  @Test
  void aRunAwayLossNamesItsPairs() {
    try (CausalLm model = model()) {
      DpoTrainer trainer = trainer(model, config().learningRate(1e30).build());
      String message = assertThrows(TrainingException.class, trainer::train).getMessage();
      assertTrue(message.matches("The (loss|gradient norm) of step 2 is .* at pairs? \\d.*has diverged.*"), message);
    }
  }

  @Test
  void anInterruptInTheReferencesPassEndsIt() {
    try (CausalLm model = model()) {
      Thread.currentThread().interrupt();
      assertThrows(CancellationException.class, () -> trainer(model, config().build()));
    } finally {
      Thread.interrupted();
    }
  }

  @Test
  void whatBelongsToOtherTrainersOrRangesIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> config().beta(0).build());
    assertThrows(IllegalArgumentException.class, () -> config().packing(true).build());
    assertThrows(IllegalArgumentException.class, () -> config().neftuneNoiseAlpha(5).build());
    assertEquals(1e-6, DpoConfig.builder().build().training().learningRate());
    assertEquals(0.1, DpoConfig.builder().build().beta());
  }
}
