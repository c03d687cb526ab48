package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generator;
import org.coldstart.io.torch.NativeMemory;
import org.coldstart.lora.Lora;
import org.coldstart.lora.LoraConfig;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

/** A cell that is run again leaves a model, an adapter or a cache behind that nobody closes. */
class ModelMemoryTest {

  private static boolean isFreed(NDArray array) {
    return array.isReleased();
  }

  /** Loading frees those before: after any number of loads no more than two are held. */
  @Test
  void aModelThatIsReplacedIsFreedByTheNextLoad() {
    List<NDArray> embeddings = new ArrayList<>();
    List<NDArray> adapters = new ArrayList<>();
    CausalLm model = null;
    for (int run = 0; run < 5; run++) {
      model = ParityCase.of("llama-tied").model(); // the one before is held meanwhile
      embeddings.add(model.embedding());
      Lora lora = Lora.attach(model, LoraConfig.builder().build());
      adapters.addAll(lora.tensors().values());
      long held = embeddings.stream().filter(array -> !isFreed(array)).count();
      assertTrue(held <= 2, "models held after run " + run + ": " + held);
    }
    assertEquals(false, isFreed(model.embedding()), "the last is in use");
    int perModel = adapters.size() / 5;
    long held = adapters.stream().filter(array -> !isFreed(array)).count();
    assertTrue(held <= 2 * perModel, "adapters' tensors held: " + held + " of " + adapters.size());
    model.close();
  }

  @Test
  void aCacheThatIsReplacedIsFreed() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      NDArray cached = cache(model);
      NativeMemory.freeUnreachable(KvCache.class);
      assertTrue(isFreed(cached));
    }
  }

  private static NDArray cache(CausalLm model) {
    return model.newCache(List.of(new int[] {5, 6}), 1).reserved(0, 1).keys();
  }

  @Test
  void aModelInUseIsNotFreedAndAClosedOneSaysSo() {
    try (Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      Generator generator = new Generator(ParityCase.of("llama-tied").model(), tokenizer);
      NativeMemory.freeUnreachable(CausalLm.class);
      generator.nextTokenProbabilities(new int[] {5, 6});
    }
    CausalLm model = ParityCase.of("llama-tied").model();
    model.close();
    model.close();
    assertThrows(IllegalStateException.class, () -> model.nextTokenLogits(new int[] {5, 6}));
  }
}
