package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.concurrent.CompletableFuture;
import org.coldstart.fixture.ParityCase;
import org.coldstart.io.config.AttentionConfig.LayerType;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.torch.Torch;
import org.junit.jupiter.api.Test;

/** The tables of angles grow while other threads read them. */
class RotaryEmbeddingTest {

  @Test
  void growingTakesNoTableFromAnotherThread() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      for (int round = 0; round < 20; round++) {
        grow(model.config());
      }
    }
  }

  /** One thread reads the first positions all the time, another ever later ones. */
  private static void grow(ModelConfig config) {
    try (NDManager manager = Torch.newManager()) {
      RotaryEmbedding rotary = new RotaryEmbedding(manager, config.attention().ropes().get(LayerType.FULL_ATTENTION),
          config.attention().headDim());
      CompletableFuture<Void> reader = CompletableFuture.runAsync(() -> read(rotary, 0, 0, 600));
      read(rotary, 64, 200, 50);
      reader.join();
    }
  }

  private static void read(RotaryEmbedding rotary, int from, int step, int times) {
    for (int i = 0; i < times; i++) {
      int last = from + i * step;
      try (NDManager out = Torch.newManager()) {
        NDArray at = out.create(new long[] {0, last});
        assertEquals(1, rotary.at(out, at, last).cos().getFloat(0, 0));
        assertEquals(0, rotary.at(out, at, last).sin().getFloat(0, 0), 0);
      }
    }
  }
}
