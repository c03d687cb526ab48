package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDManager;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.io.checkpoint.Checkpoint;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models whose weights are held in bf16. */
class Bf16WeightsTest {

  @TempDir
  Path folder;

  @ParameterizedTest
  @MethodSource("org.coldstart.fixture.ParityCase#all")
  void logitsAreThoseOfBf16ProductsAndRepliesCome(ParityCase fixture) {
    int[] row = fixture.rows().get(0);
    try (CausalLm exact = fixture.model();
        CausalLm half = CausalLm.fromPretrained(fixture.folder(), DType.BF16);
        Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      assertEquals(DType.BF16, half.dtype());
      float[] expected = Arrays32.logits(exact, row, Precision.BF16);
      float[] found = Arrays32.logits(half, row, Precision.F32);
      float[] full = Arrays32.logits(exact, row, Precision.F32);
      // Bf16 has eight bits: what it costs must be of the size that autocast costs.
      double cost = Arrays32.distance(expected, full);
      assertTrue(Arrays32.distance(found, full) < 4 * cost, () -> "cost of autocast " + cost);
      assertEquals(1, new Generator(half, tokenizer).generate(List.of(row), Sampling.greedy(), 3).size());
    }
  }

  @Test
  void resizedClonedAndSavedItIsReadAsItWas() {
    Path bf16 = folder.resolve("bf16");
    try (CausalLm model = ParityCase.of("llama-untied").model()) {
      model.savePretrained(bf16, DType.BF16);
    }
    Path grown = folder.resolve("grown");
    try (CausalLm model = CausalLm.fromPretrained(bf16, DType.BF16);
        Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      model.resizeTokenEmbeddings(tokenizer);
      String last = tokenizer.idToToken(tokenizer.size() - 1);
      String first = tokenizer.idToToken(5);
      model.embeddings(tokenizer).cloneEmbedding(first, last);
      model.embeddings(tokenizer).initialize(new EmbeddingInit.RandomDeviation(1), last);
      model.embeddings(tokenizer).cloneEmbedding(first, last);
      Pretrained.save(grown, model, tokenizer);
      try (CausalLm loaded = CausalLm.fromPretrained(grown)) {
        assertArrayEquals(loaded.embeddings(tokenizer).row(first), loaded.embeddings(tokenizer).row(last));
        assertArrayEquals(model.embeddings(tokenizer).row(first), loaded.embeddings(tokenizer).row(first));
      }
    }
    try (Checkpoint saved = Checkpoint.open(grown)) {
      saved.tensors().tensors().values().forEach(t -> assertEquals(StoredType.BF16, t.dtype(), t.name()));
    }
  }

  @Test
  void otherTypesAndTrainingAreRefused() {
    ParityCase fixture = ParityCase.of("llama-tied");
    assertThrows(IllegalArgumentException.class, () -> CausalLm.fromPretrained(fixture.folder(), DType.F16).close());
    try (CausalLm model = CausalLm.fromPretrained(fixture.folder(), DType.BF16);
        Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
          () -> new SftTrainer(model, tokenizer, SftConfig.builder().build(), fixture.examples(), List.of()));
      assertTrue(e.getMessage().contains("BF16"), e.getMessage());
    }
  }

  @Test
  void refusingToTrainItHoldsNothing() throws ReflectiveOperationException {
    try (CausalLm model = CausalLm.fromPretrained(ParityCase.of("qwen3").folder(), DType.BF16)) {
      Map<?, ?> held = heldByRootOf(model.embedding().getManager());
      int before = held.size();
      assertThrows(IllegalArgumentException.class, () -> model.trainingPass(Precision.BF16, false));
      assertEquals(before, held.size());
    }
  }

  /** The managers and tensors that the topmost manager of torch owns, which DJL does not show. */
  private static Map<?, ?> heldByRootOf(NDManager manager) throws ReflectiveOperationException {
    NDManager root = manager;
    while (!(root.getParentManager() instanceof NDManager.SystemNDManager)) {
      root = root.getParentManager();
    }
    Field resources = BaseNDManager.class.getDeclaredField("resources");
    resources.setAccessible(true);
    return (Map<?, ?>) resources.get(root);
  }
}
