package org.coldstart.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A prompt that stands several times in a batch is read once, and answered as if it stood alone. */
class RepeatedPromptsTest {

  @ParameterizedTest
  @ValueSource(strings = {"llama-tied", "mistral-window", "gemma2"})
  void everyCopyIsAnsweredAsThePromptAlone(String name) {
    int[] first = IntStream.range(10, 50).toArray();
    int[] second = {7, 8, 9};
    int[] third = IntStream.range(10, 30).toArray();
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of(name).model()) {
      model.resizeTokenEmbeddings(tokenizer);
      Generator generator = new Generator(model, tokenizer);
      List<int[]> prompts = List.of(first, first, second, third, third, third, second, first);
      List<Generation> replies = generator.generate(prompts, Sampling.greedy(), 12);
      for (int i = 0; i < prompts.size(); i++) {
        Generation alone = generator.generate(List.of(prompts.get(i)), Sampling.greedy(), 12).get(0);
        assertArrayEquals(alone.ids(), replies.get(i).ids(), name + ", reply " + i);
      }
    }
  }
}
