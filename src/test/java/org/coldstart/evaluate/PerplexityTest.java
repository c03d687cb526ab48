package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.coldstart.data.Example;
import org.coldstart.fixture.LoraCase;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.lora.Lora;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Machine;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against transformers' logits of every family, its loss of real texts, and sums by hand. */
class PerplexityTest {

  /** As for all losses in environment/parity's README; the largest deviation there is 1.3e-6. */
  private static final double TOLERANCE = 1e-5;

  private static Example example(int... ids) {
    boolean[] mask = new boolean[ids.length];
    Arrays.fill(mask, true);
    return new Example(ids, mask);
  }

  /** Summed loss of a row's tokens but the first, from its logits. */
  private static double loss(int[] ids, float[] logits) {
    int width = logits.length / ids.length;
    double sum = 0;
    for (int t = 0; t + 1 < ids.length; t++) {
      double exponentials = 0;
      for (int v = 0; v < width; v++) {
        exponentials += Math.exp(logits[t * width + v]);
      }
      sum += Math.log(exponentials) - logits[t * width + ids[t + 1]];
    }
    return sum;
  }

  @ParameterizedTest
  @MethodSource("org.coldstart.fixture.ParityCase#all")
  void isThatOfTransformersLogits(ParityCase truth) {
    double sum = 0;
    long tokens = 0;
    for (int row = 0; row < truth.rows().size(); row++) {
      sum += loss(truth.rows().get(row), truth.tensor("logits." + row));
      tokens += truth.rows().get(row).length - 1;
    }
    try (CausalLm model = truth.model()) {
      List<Example> examples = truth.rows().stream().map(PerplexityTest::example).toList();
      Perplexity found = Perplexity.of(model, examples);
      assertEquals(tokens, found.tokens());
      assertEquals(sum / tokens, found.meanLoss(), TOLERANCE);
      assertEquals(Math.exp(sum / tokens), found.perplexity(), 1e-4 * Math.exp(sum / tokens));
    }
  }

  @Test
  void anAdapterCounts() {
    LoraCase truth = LoraCase.of("plain");
    int[] row = truth.base().rows().get(0);
    double expected = loss(row, truth.logits()) / (row.length - 1);
    try (CausalLm model = truth.model()) {
      List<Example> examples = List.of(example(row));
      double before = Perplexity.of(model, examples).meanLoss();
      Lora lora = Lora.fromPretrained(model, truth.trained());
      assertEquals(expected, Perplexity.of(model, examples).meanLoss(), TOLERANCE);
      lora.mergeAdapter();
      assertEquals(expected, Perplexity.of(model, examples).meanLoss(), TOLERANCE);
      lora.unload();
      assertEquals(before, Perplexity.of(model, examples).meanLoss(), TOLERANCE);
      assertTrue(Math.abs(before - expected) > 0.01, "the adapter was trained");
    }
  }

  @Test
  void onlyKeptTokensOfExamplesCount() {
    ParityCase truth = ParityCase.of("llama-tied");
    JsonObject gradients = truth.section("gradients");
    try (CausalLm model = truth.model()) {
      Perplexity found = Perplexity.of(model, truth.examples());
      assertEquals(gradients.get("kept_tokens").getAsLong(), found.tokens());
      assertEquals(gradients.get("loss").getAsDouble(), found.meanLoss(), TOLERANCE);
    }
  }

  @Test
  void aTextBeginsAsTheTokenizerBeginsTexts() {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of("src/test/resources/tokenizer/gemma"));
        CausalLm model = ParityCase.of("gemma").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      String text = "the boat came in";
      int[] ids = tokenizer.encode(text).ids();
      assertEquals(tokenizer.bosTokenId().getAsInt(), ids[0]);
      double sum = 0;
      for (int t = 1; t < ids.length; t++) {
        float[] scores = model.nextTokenLogits(Arrays.copyOf(ids, t));
        double all = 0;
        for (float score : scores) {
          all += Math.exp(score);
        }
        sum += Math.log(all) - scores[ids[t]];
      }
      Perplexity found = Perplexity.of(model, tokenizer, List.of(text));
      assertEquals(ids.length - 1, found.tokens(), "the first word is predicted from the BOS");
      assertEquals(sum / found.tokens(), found.meanLoss(), TOLERANCE);
    }
  }

  @Test
  void everyTokenCountsTheSameHoweverTextsAreBatched() {
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      String longer = "Two men threw a rope to the boy on the pier. ";
      List<String> texts = IntStream.range(0, 60).mapToObj(i -> longer.repeat(1 + i % 2) + i).toList();
      double sum = 0;
      long tokens = 0;
      for (String text : texts) {
        Perplexity one = Perplexity.of(model, tokenizer, List.of(text));
        sum += one.meanLoss() * one.tokens();
        tokens += one.tokens();
      }
      assertTrue(tokens > 2048, "more than one batch");
      Perplexity all = Perplexity.of(model, tokenizer, texts);
      assertEquals(tokens, all.tokens());
      assertEquals(sum / tokens, all.meanLoss(), TOLERANCE);
    }
  }

  @Test
  void memoryIsFreed() {
    assumeTrue(Machine.residentBytes().isPresent(), "Memory is read on Linux only");
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      // 40 rows of 60 tokens leave 8 MiB of activations a call.
      List<Example> rows = Collections.nCopies(40, example(IntStream.range(0, 60).map(i -> 4 + i).toArray()));
      long before = 0;
      for (int i = 0; i < 120; i++) {
        Perplexity.of(model, rows);
        before = i == 19 ? Machine.residentBytes().getAsLong() : before;
      }
      long grown = Machine.residentBytes().getAsLong() - before;
      assertTrue(grown < 100L << 20, "grown by " + (grown >> 20) + " MiB in 100 calls");
    }
  }

  @Test
  void textsThatCannotBeMeasuredAreNamed() {
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      assertTrue(refusal(model, tokenizer, "some text").contains("resizeTokenEmbeddings"));
      model.resizeTokenEmbeddings(tokenizer);
      assertTrue(refusal(model, tokenizer).startsWith("There is no text"));
      assertTrue(refusal(model, tokenizer, "some text", "").startsWith("Text 2 has no token"));
      int limit = model.config().maxPositionEmbeddings();
      String message = refusal(model, tokenizer, "a b", "a b", "x ".repeat(limit));
      assertTrue(message.startsWith("Text 3 has ") && message.contains("no more than " + limit), message);
    }
  }

  private static String refusal(CausalLm model, Tokenizer tokenizer, String... texts) {
    return assertThrows(IllegalArgumentException.class, () -> Perplexity.of(model, tokenizer, List.of(texts)))
      .getMessage();
  }

  @Test
  void anInterruptEndsItWithoutAFigure() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      Thread.currentThread().interrupt();
      assertThrows(CancellationException.class, () -> Perplexity.of(model, List.of(example(4, 5, 6))));
      assertFalse(Thread.interrupted(), "and is consumed");
      assertEquals(2, Perplexity.of(model, List.of(example(4, 5, 6))).tokens());
    }
  }

  @Test
  void printsItsFigures() {
    assertEquals("perplexity 20.09 (loss 3.000 over 602 tokens)", new Perplexity(3, 602).toString());
  }

  /** Real texts under the default model; the GGUF's weights are dequantised alike on both sides. */
  @Test
  void isThatOfTransformersOnRealTexts() {
    String gguf = System.getenv("COLDSTART_GGUF");
    assumeTrue(gguf != null, "COLDSTART_GGUF names no SmolLM2-135M-Instruct.Q4_1.gguf");
    JsonObject truth = ParityCase.json(ParityCase.RESOURCES.resolve("smollm2/perplexity.json"));
    String[] texts = new Gson().fromJson(truth.get("texts"), String[].class);
    double[] losses = ParityCase.doubles(truth.get("losses"));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of(gguf));
        CausalLm model = CausalLm.fromPretrained(Path.of(gguf))) {
      Perplexity all = Perplexity.of(model, tokenizer, List.of(texts));
      assertEquals(truth.get("tokens").getAsLong(), all.tokens());
      // Thirty layers of another torch's f32: the mean of 600 losses, each near 3, to 5 digits.
      assertEquals(truth.get("mean_loss").getAsDouble(), all.meanLoss(), 5e-5);
      assertEquals(truth.get("perplexity").getAsDouble(), all.perplexity(), 5e-5 * all.perplexity());
      for (int i = 0; i < texts.length; i++) {
        Perplexity one = Perplexity.of(model, tokenizer, List.of(texts[i]));
        assertEquals(losses[i], one.meanLoss(), 1e-4, texts[i]);
      }
    }
  }
}
