package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.coldstart.data.Example;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One batch is learnt by heart: what breaks learning anywhere on the way shows here. */
class OverfitTest {

  @ParameterizedTest
  @CsvSource({"llama-tied, ADAMW, false", "qwen2, ADAMW, true", "gemma, ADAMW, false", "ten-steps, ADAMW_8BIT, false"})
  void oneBatchFallsBelowAHundredth(String name, OptimizerName optimizer, boolean gradientCheckpointing) {
    List<Example> batch = Rows.some(8);
    SftConfig config = SftConfig.builder()
      .learningRate(1e-2)
      .optim(optimizer)
      .gradientCheckpointing(gradientCheckpointing)
      .maxSteps(150)
      .build();
    try (CausalLm model = ParityCase.of(name).model(); Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      double before = Losses.mean(model, batch, 8, Precision.F32);
      new SftTrainer(model, tokenizer, config, batch, List.of()).train();
      double after = Losses.mean(model, batch, 8, Precision.F32);
      System.out.printf("one batch, %s: %.2f -> %.4f%n", name, before, after);
      assertTrue(before > 3, "untrained: " + before);
      assertTrue(after < 0.01, "learnt by heart: " + after);
    }
  }
}
