package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.coldstart.data.Example;
import org.coldstart.data.PreferencePair;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.lora.Lora;
import org.coldstart.lora.LoraConfig;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Machine;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tensors are not collected as garbage: whatever a step made must be gone after it. */
class MemoryTest {

  private static final long MIB = 1 << 20;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void trainingHoldsNoTensorBeyondItsStep(boolean rowsShareAPrefix) {
    List<Integer> held = new ArrayList<>();
    List<Long> resident = new ArrayList<>();
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-untied").model()) {
      Set<NDArray> others = aboveTheModel(model);
      TrainingListener counter = new TrainingListener() {
        @Override
        public void onStep(Step step) {
          if (step.step() % 10 == 0) {
            System.gc(); // else the Java heap's fresh pages are counted as growth
          }
          held.add(tensorsHeld(model, others));
          Machine.residentBytes().ifPresent(resident::add);
        }
      };
      SftConfig config = SftConfig.builder()
        .maxSteps(350)
        .perDeviceTrainBatchSize(2)
        .gradientAccumulationSteps(2)
        .evalSteps(50)
        .build();
      List<Example> rows = rowsShareAPrefix ? Rows.behindOnePrefix(Rows.some(12)) : Rows.some(12);
      new SftTrainer(model, tokenizer, config, rows.subList(0, 8), rows.subList(8, 12)).train(counter);
    }
    assertEquals(held.get(149), held.get(349), "tensors held by the model and above it");
    if (!resident.isEmpty()) {
      // One leaked activation of each batch would be some 60 MiB by now.
      long before = resident.get(149);
      long growth = Math.abs(resident.get(349) - before);
      assertTrue(growth < 0.02 * before,
          "resident memory moved by " + growth / MIB + " of " + before / MIB + " MiB in 200 steps");
    }
  }

  /** Replies, their log-probabilities and the reference's are gone with their step. */
  @Test
  void preferencesAndReinforcementHoldNothing() {
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      Lora.attach(model, LoraConfig.builder().r(4).trainableTokenIndices(5, 9).build());
      Set<NDArray> others = aboveTheModel(model);
      List<Integer> held = new ArrayList<>();
      TrainingListener counter = new TrainingListener() {
        @Override
        public void onStep(Step step) {
          held.add(tensorsHeld(model, others));
        }
      };
      DpoConfig dpo = DpoConfig.builder().maxSteps(6).perDeviceTrainBatchSize(2).build();
      List<PreferencePair> pairs = List.of(new PreferencePair(Rows.of(9, 1), Rows.of(7, 2)),
          new PreferencePair(Rows.of(8, 3), Rows.of(5, 4)));
      new DpoTrainer(model, tokenizer, dpo, pairs, pairs).train(counter);
      assertEquals(held.get(1), held.get(5), "preferences");
      held.clear();
      GrpoConfig grpo = GrpoConfig.builder().maxSteps(6).beta(0.1).numIterations(2).maxCompletionLength(4).build();
      List<Prompt> prompts = List.of(new Prompt(new int[40], null), new Prompt(new int[] {7, 8}, null));
      Reward odd = Reward.of("odd", (row, reply) -> reply.ids()[0] % 2);
      new GrpoTrainer(model, tokenizer, grpo, prompts, List.of(odd)).train(counter);
      assertEquals(held.get(1), held.get(5), "reinforcement");
    }
  }

  @Test
  void generationAndResizingHoldNothing() {
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      Set<NDArray> others = aboveTheModel(model);
      Generator generator = new Generator(model, tokenizer);
      int before = tensorsHeld(model, others);
      for (int i = 0; i < 3; i++) {
        generator.generate("Hello!", Sampling.temperature(1, i), 5);
        model.embeddings(tokenizer).cloneEmbedding("H", "!");
        model.embeddings(tokenizer).row("!");
        model.resizeTokenEmbeddings(tokenizer.size() + i);
      }
      assertEquals(before, tensorsHeld(model, others));
    }
  }

  /**
   * Arrays of the managers above the model's own: what earlier tests left there. A trainer that was thrown away frees
   * its tensors when it is collected, so these may vanish at any moment.
   */
  private static Set<NDArray> aboveTheModel(CausalLm model) {
    Set<NDArray> arrays = arrays(managers(model).skip(1));
    model.embedding().getManager().getManagedArrays().forEach(arrays::remove);
    return arrays;
  }

  /** Arrays registered with the model's manager and with all above it, but for those of others. */
  private static int tensorsHeld(CausalLm model, Set<NDArray> others) {
    Set<NDArray> arrays = arrays(managers(model));
    others.forEach(arrays::remove);
    return arrays.size();
  }

  private static Set<NDArray> arrays(Stream<NDManager> managers) {
    Set<NDArray> arrays = Collections.newSetFromMap(new IdentityHashMap<>());
    managers.forEach(manager -> arrays.addAll(manager.getManagedArrays()));
    return arrays;
  }

  /** The model's manager, its parent and so on; the last is the engine's own. */
  private static Stream<NDManager> managers(CausalLm model) {
    return Stream.iterate(model.embedding().getManager(), manager -> manager instanceof PtNDManager,
        NDManager::getParentManager);
  }
}
