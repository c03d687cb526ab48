package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.evaluate.Perplexity;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.lora.Lora;
import org.coldstart.lora.LoraConfig;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models whose weights are held in 8 or 4 bits. */
class FewerBitsTest {

  private static final String CASES = "org.coldstart.fixture.ParityCase#all";

  /**
   * Products in bf16, which the kernels take, cost what autocast costs; that is the measure. A scale a row adds up to
   * 1/254 of its largest weight, twice bf16's own rounding, with rows as short as these.
   */
  @ParameterizedTest
  @MethodSource(CASES)
  void eightBitsCostLittleMoreThanBf16(ParityCase fixture) {
    try (CausalLm exact = fixture.model(); CausalLm loaded = CausalLm.fromPretrained(fixture.folder(), DType.INT8);
        CausalLm made = exact.to(DType.INT8)) {
      assertTrue(loaded.toString().matches(".*INT8: \\d+"), loaded.toString());
      assertReplies(fixture, exact, loaded, 12);
      assertReplies(fixture, exact, made, 12);
    }
  }

  /** Weights on a grid of 16 values lose nothing but the bf16 of its steps and of the products. */
  @ParameterizedTest
  @MethodSource(CASES)
  void fourBitsHoldTheWeightsOfAFourBitFile(ParityCase fixture) {
    for (boolean symmetric : new boolean[] {true, false}) {
      try (CausalLm exact = fixture.model()) {
        exact.linears().values().forEach(linear -> snap(linear.weight(), symmetric));
        try (CausalLm four = exact.to(DType.INT4)) {
          int matrices = 4 * exact.config().numHiddenLayers();
          assertTrue(four.toString().endsWith("INT4: " + matrices), four.toString());
          assertReplies(fixture, exact, four, 6);
        }
      }
    }
  }

  @Test
  void weightsOffAnyGridAreHeldInEightBits() {
    try (CausalLm exact = ParityCase.of("llama-tied").model(); CausalLm four = exact.to(DType.INT4)) {
      assertEquals(DType.INT4, four.dtype());
      assertTrue(four.toString().matches(".*in INT8: \\d+"), four.toString());
    }
  }

  /** Blocks of 32 as Q4_0 ({@code d·(q − 8)}) or Q4_1 ({@code d·q + m}) has them. */
  private static void snap(NDArray weight, boolean symmetric) {
    float[] w = weight.toFloatArray();
    for (int at = 0; at < w.length; at += 32) {
      float[] group = Arrays.copyOfRange(w, at, at + 32);
      Arrays.sort(group);
      float least = group[0];
      float most = group[31];
      float d = symmetric ? Math.max(-least, most) / 8 : (most - least) / 15;
      for (int i = at; i < at + 32; i++) {
        w[i] = symmetric ? d * Math.max(-8, Math.min(7, Math.round(w[i] / d))) : d * Math.round((w[i] - least) / d) + least;
      }
    }
    TorchOps.fill(weight, w);
  }

  /** Reads prompts and adds tokens with both; their logits differ by at most some times what autocast costs. */
  private static void assertReplies(ParityCase fixture, CausalLm exact, CausalLm fewer, double times) {
    int[] ids = fixture.rows().get(0);
    float[] full = Arrays32.logits(exact, ids, Precision.F32);
    double bound = times * Arrays32.distance(full, Arrays32.logits(exact, ids, Precision.BF16));
    assertTrue(Arrays32.distance(full, Arrays32.logits(fewer, ids, Precision.F32)) < bound, () -> "whole row: " + Arrays32.distance(full, Arrays32.logits(fewer, ids, Precision.F32)) / bound);
    List<int[]> prompts = List.of(Arrays.copyOf(ids, 9), Arrays.copyOf(ids, 5), Arrays.copyOf(ids, 7));
    try (KvCache a = exact.newCache(prompts, 4); KvCache b = fewer.newCache(prompts, 4);
        NDManager step = Torch.newManager()) {
      assertWithin(bound, exact.nextLogits(step, prompts, a), fewer.nextLogits(step, prompts, b));
      for (int id = 30; id < 34; id++) {
        long[] next = {id, id + 1, id + 2};
        assertWithin(bound, exact.nextLogits(step, next, a), fewer.nextLogits(step, next, b));
      }
    }
  }

  private static void assertWithin(double bound, NDArray expected, NDArray found) {
    Arrays32.assertClose(expected.toFloatArray(), found.toFloatArray(), bound, "logits");
  }

  /** An adapter takes part in each token's pass, and is merged in a copy. */
  @ParameterizedTest
  @MethodSource(CASES)
  void anAdapterDecodesAsItReadsAndIsMergedInACopy(ParityCase fixture) {
    int[] ids = Arrays.copyOf(fixture.rows().get(0), 10);
    try (CausalLm model = fixture.model()) {
      Lora lora = Lora.attach(model, LoraConfig.builder().r(4).loraAlpha(8).build());
      int[] at = {0};
      for (NDArray tensor : lora.tensors().values()) { // some layers stay without
        if (at[0]++ % 5 > 0) {
          float[] values = new float[(int) tensor.size()];
          java.util.Random random = new java.util.Random(at[0]);
          IntStream.range(0, values.length).forEach(i -> values[i] = (float) random.nextGaussian() * 0.2f);
          TorchOps.fill(tensor, values);
        }
      }
      float[] whole = Arrays32.logits(model, ids, Precision.F32);
      float[] last = Arrays.copyOfRange(whole, whole.length - whole.length / ids.length, whole.length);
      List<int[]> prompt = List.of(Arrays.copyOf(ids, 9));
      try (KvCache cache = model.newCache(prompt, 2); NDManager step = Torch.newManager()) {
        model.nextLogits(step, prompt, cache);
        NDArray next = model.nextLogits(step, new long[] {ids[9]}, cache);
        Arrays32.assertClose(last, next.toFloatArray(), 1e-4, "logits with an adapter");
      }
      try (CausalLm fewer = model.to(DType.INT8)) {
        assertReplies(fixture, model, fewer, 12);
      }
    }
  }

  @Test
  void whatNeedsTheWeightsIsRefused(@TempDir Path folder) {
    ParityCase fixture = ParityCase.of("llama-untied");
    try (CausalLm model = CausalLm.fromPretrained(fixture.folder(), DType.INT8);
        Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      for (Runnable use : List.<Runnable>of(() -> model.savePretrained(folder), () -> model.parameters(),
          () -> model.headWeight(), () -> model.to(DType.F32), () -> model.loadWeights(fixture.folder()),
          () -> Lora.attach(model, LoraConfig.builder().build()), () -> model.resizeTokenEmbeddings(300))) {
        assertTrue(assertThrows(IllegalStateException.class, use::run).getMessage().contains("held in INT8"));
      }
      assertTrue(assertThrows(IllegalArgumentException.class,
          () -> new SftTrainer(model, tokenizer, SftConfig.builder().build(), fixture.examples(), List.of()))
            .getMessage()
            .contains("INT8"));
    }
    try (CausalLm model = fixture.model()) {
      assertTrue(assertThrows(IllegalArgumentException.class, () -> model.savePretrained(folder, DType.INT4)).getMessage()
        .contains("F32, BF16 or F16"));
    }
  }

  @Test
  void memoryStaysFlatOverManyRepliesAndCopies() {
    assumeTrue(Machine.residentBytes().isPresent(), "resident memory is known on Linux only");
    int[] ids = ParityCase.of("qwen2").rows().get(0);
    try (CausalLm model = ParityCase.of("qwen2").model()) {
      replies(model, ids, 60);
      System.gc();
      long before = Machine.residentBytes().getAsLong();
      replies(model, ids, 300);
      System.gc();
      long grown = Machine.residentBytes().getAsLong() - before;
      // 300 copies of 100 kB, or 6000 tokens' activations, would be more.
      assertTrue(grown < 16 << 20, "grown by " + (grown >> 20) + " MB");
    }
  }

  private static void replies(CausalLm model, int[] ids, int count) {
    for (int i = 0; i < count; i++) {
      try (CausalLm fewer = model.to(i % 2 == 0 ? DType.INT8 : DType.INT4);
          KvCache cache = fewer.newCache(List.of(ids), 20)) {
        for (int t = 0; t < 20; t++) {
          try (NDManager step = Torch.newManager()) {
            if (t == 0) {
              fewer.nextLogits(step, List.of(ids), cache);
            } else {
              fewer.nextLogits(step, new long[] {30}, cache);
            }
          }
        }
      }
    }
  }

  /** Its 210 matrices, of blocks of 4 bits, make 120 products; the embedding has 8 bits, and is the head. */
  @Test
  void theDefaultModelIsHeldInTheBitsOfItsFile() {
    String file = System.getenv("COLDSTART_GGUF");
    assumeTrue(file != null, "COLDSTART_GGUF names no SmolLM2-135M-Instruct.Q4_1.gguf");
    List<String> texts = List.of("The sky looks blue because air scatters short waves of light more than long ones.",
        "To make tea, boil water, pour it over the leaves, wait for three minutes, and take the leaves out.");
    List<Message> question = List.of(Message.user("Why is the sky blue?"));
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of(file));
        CausalLm exact = CausalLm.fromPretrained(Path.of(file)); CausalLm four = exact.to(DType.INT4)) {
      assertEquals("LlamaForCausalLM, matrices in INT8: 1, INT4: 120", four.toString());
      double before = Perplexity.of(exact, tokenizer, texts).perplexity();
      Arrays32.assertRelative(before, Perplexity.of(four, tokenizer, texts).perplexity(), 0.02, "perplexity");
      int[] expected = new Generator(exact, tokenizer).chat(question, Sampling.greedy(), 24).ids();
      int[] found = new Generator(four, tokenizer).chat(question, Sampling.greedy(), 24).ids();
      int same = Arrays.mismatch(expected, found);
      assertTrue(same < 0 || same >= 12, "equal up to token " + same);
    }
  }
}
