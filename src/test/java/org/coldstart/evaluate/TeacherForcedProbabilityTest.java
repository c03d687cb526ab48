package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.coldstart.data.Example;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generator;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;

class TeacherForcedProbabilityTest {

  @Test
  void isTheProbabilityReadOffAtEachPlaceAndAveraged() {
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      int end = tokenizer.id(TinyTokenizer.END);
      // The end token stands at a place with loss twice, and once in a prompt, where it does not count.
      Example one = example(new int[] {9, end, 11, 12, end}, 2);
      Example two = example(new int[] {14, 15, 16, end, 17, 18, 19}, 1);
      Map<String, Double> found = TeacherForcedProbability.probabilities(model, tokenizer, List.of(one, two),
          List.of(TinyTokenizer.END, "<|pad|>"), 2);
      Generator generator = new Generator(model, tokenizer);
      double expected = (probability(generator, one, 4) + probability(generator, two, 3)) / 2;
      assertEquals(expected, found.get(TinyTokenizer.END), 1e-6);
      assertTrue(found.get("<|pad|>").isNaN(), "a token without a place has no probability");
    }
  }

  private static Example example(int[] ids, int promptLength) {
    boolean[] mask = new boolean[ids.length];
    Arrays.fill(mask, promptLength, ids.length, true);
    return new Example(ids, mask);
  }

  private static double probability(Generator generator, Example example, int place) {
    return generator.nextTokenProbabilities(Arrays.copyOf(example.ids(), place)).probability(TinyTokenizer.END);
  }
}
