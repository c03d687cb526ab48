package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A saved model comes back as it was. */
class SaveAndLoadTest {

  @ParameterizedTest
  @MethodSource("org.coldstart.fixture.ParityCase#all")
  void logitsAreEqualToTheBitAndTheTextIsTheSame(ParityCase fixture, @TempDir Path folder) {
    int[] row = fixture.rows().get(0);
    try (CausalLm model = fixture.model(); Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      model.resizeTokenEmbeddings(110);
      model.savePretrained(folder);
      try (CausalLm loaded = CausalLm.fromPretrained(folder)) {
        assertEquals(110, loaded.config().vocabSize());
        assertEquals(model.generationConfig().eosTokenIds(), loaded.generationConfig().eosTokenIds());
        float[] logits = Arrays32.logits(model, row, Precision.F32);
        assertArrayEquals(logits, Arrays32.logits(loaded, row, Precision.F32));
        assertArrayEquals(greedy(model, tokenizer, row), greedy(loaded, tokenizer, row));
      }
    }
  }

  private static int[] greedy(CausalLm model, Tokenizer tokenizer, int[] prompt) {
    return new Generator(model, tokenizer).generate(List.of(prompt), Sampling.greedy(), 12).get(0).ids();
  }

  @Test
  void bf16FilesRoundTheWeights(@TempDir Path folder) {
    ParityCase fixture = ParityCase.of("llama-tied");
    try (CausalLm model = fixture.model()) {
      model.savePretrained(folder, DType.BF16);
      try (CausalLm loaded = CausalLm.fromPretrained(folder)) {
        float[] exact = model.embedding().toFloatArray();
        float[] rounded = loaded.embedding().toFloatArray();
        double distance = Arrays32.distance(exact, rounded);
        // Eight bits of a value below 0.5: half a unit in the last place is 2^-10.
        assertTrue(distance > 0 && distance <= 0x1p-10, "off by " + distance);
      }
    }
  }
}
