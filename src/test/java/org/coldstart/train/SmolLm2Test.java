package org.coldstart.train;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.coldstart.fixture.Arrays32.part;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import org.coldstart.data.Batch;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.generate.TokenDistribution;
import org.coldstart.model.CausalLm;
import org.coldstart.model.ForwardBackward;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * The default model, SmolLM2-135M-Instruct out of its GGUF, against transformers. Runs where the environment variable
 * COLDSTART_GGUF names the file; the model is loaded once, so the test that resizes it comes last.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SmolLm2Test {

  private static final JsonObject TRUTH = ParityCase.json(ParityCase.RESOURCES.resolve("smollm2/truth.json"));
  private static CausalLm model;
  private static Tokenizer tokenizer;

  @BeforeAll
  static void load() {
    String file = System.getenv("COLDSTART_GGUF");
    assumeTrue(file != null, "COLDSTART_GGUF names no SmolLM2-135M-Instruct.Q4_1.gguf");
    model = CausalLm.fromPretrained(Path.of(file));
    tokenizer = Tokenizer.fromPretrained(Path.of(file));
  }

  @AfterAll
  static void close() {
    if (model != null) {
      model.close();
      tokenizer.close();
    }
  }

  @Test
  void weightsAreDequantisedAndUnpermuted() {
    TRUTH.getAsJsonObject("weights").asMap().forEach(SmolLm2Test::assertWeight);
  }

  private static void assertWeight(String name, JsonElement truth) {
    JsonObject expected = truth.getAsJsonObject();
    NDArray parameter = model.parameters().get(name);
    assertArrayEquals(new Gson().fromJson(expected.get("shape"), long[].class), parameter.getShape().getShape(), name);
    float[] values = parameter.toFloatArray();
    assertArrayEquals(floats(expected, "first"), part(values, 0, 8), name);
    assertArrayEquals(floats(expected, "last"), part(values, values.length - 8, 8), name);
    Arrays32.assertRelative(expected.get("norm").getAsDouble(), Arrays32.norm(values), 1e-5, name);
  }

  private static float[] floats(JsonObject section, String key) {
    return new Gson().fromJson(section.get(key), float[].class);
  }

  @Test
  void theNextTokenIsAsLikely() {
    JsonObject truth = TRUTH.getAsJsonObject("next_token");
    int[] ids = ParityCase.ints(truth.get("input_ids"));
    float[] all = Arrays32.logits(model, ids, Precision.F32);
    float[] last = part(all, all.length - 49152, 49152);
    // Logits reach 30; thirty layers add up rounding.
    assertClose(floats(truth, "logits_first"), part(last, 0, 64), 1e-3, "logits");
    Arrays32.assertRelative(truth.get("logits_norm").getAsDouble(), Arrays32.norm(last), 1e-5, "norm of the logits");
    JsonObject top = truth.getAsJsonObject("top");
    List<TokenDistribution.Candidate> found = new Generator(model, tokenizer).nextTokenProbabilities(ids).top(10);
    assertArrayEquals(ParityCase.ints(top.get("ids")),
        found.stream().mapToInt(TokenDistribution.Candidate::id).toArray());
    double[] probabilities = found.stream().mapToDouble(TokenDistribution.Candidate::probability).toArray();
    assertArrayEquals(ParityCase.doubles(top.get("probabilities")), probabilities, 1e-5);
  }

  @Test
  void greedyTextIsTheSame() {
    JsonObject truth = TRUTH.getAsJsonObject("greedy");
    List<int[]> prompt = List.of(ParityCase.ints(truth.get("input_ids")));
    int[] reply = new Generator(model, tokenizer).generate(prompt, Sampling.greedy(), 40).get(0).ids();
    assertArrayEquals(ParityCase.ints(truth.get("new_tokens")), reply);
    assertEquals(truth.get("text").getAsString(), tokenizer.decode(reply));
  }

  @Test
  void lossAndGradients() {
    JsonObject truth = TRUTH.getAsJsonObject("gradients");
    Batch batch = Batch.of(ParityCase.examples(truth));
    assertEquals(truth.get("kept_tokens").getAsInt(), batch.keptTokens());
    try (ForwardBackward pass = model.trainingPass(Precision.F32, false)) {
      double sum = pass
        .forwardBackward(batch.inputIds(), batch.seqLens(), batch.positions(), batch.labels(), 1.0 / batch.keptTokens())
        .loss();
      assertEquals(truth.get("loss").getAsDouble(), sum / batch.keptTokens(), 1e-5);
      assertNorms(truth.getAsJsonObject("without_padding_idx"), pass);
    }
  }

  private static void assertNorms(JsonObject expected, ForwardBackward pass) {
    // Our embedding has no padding row without gradient: <|im_end|> pads, and it also ends every
    // message.
    JsonObject norms = expected.getAsJsonObject("norms");
    for (String name : norms.keySet()) {
      Arrays32.assertRelative(norms.get(name).getAsDouble(), gradientNorm(pass, name), 1e-4, name);
    }
    double squares = model.parameters()
      .keySet()
      .stream()
      .mapToDouble(name -> gradientNorm(pass, name))
      .map(n -> n * n)
      .sum();
    Arrays32.assertRelative(expected.get("global_norm").getAsDouble(), Math.sqrt(squares), 1e-4, "global norm");
  }

  private static double gradientNorm(ForwardBackward pass, String name) {
    return Arrays32.norm(pass.gradients().of(model.parameters().get(name)).toFloatArray());
  }

  @Test
  @Order(Integer.MAX_VALUE)
  void newRowsByMeanAndByClone() {
    JsonObject truth = TRUTH.getAsJsonObject("resize");
    int[] question = ParityCase.ints(TRUTH.getAsJsonObject("next_token").get("input_ids"));
    String[] added = {"<think>", "</think>", "<answer>", "</answer>"};
    assertEquals(4, tokenizer.addTokens(added));
    model.resizeTokenEmbeddings(tokenizer);
    assertEquals(truth.get("vocab_size").getAsInt(), model.config().vocabSize());
    Generator generator = new Generator(model, tokenizer);
    // transformers draws about the mean, with a billionth of the covariance; hence 1 %.
    double mean = ParityCase.doubles(truth.get("mean_probabilities"))[1];
    TokenDistribution before = generator.nextTokenProbabilities(question);
    for (String token : added) {
      Arrays32.assertRelative(mean, before.probability(token), 0.01, token);
    }
    model.embeddings(tokenizer).cloneEmbedding("<|im_start|>", added);
    TokenDistribution after = generator.nextTokenProbabilities(question);
    for (String token : List.of("<|im_start|>", "<think>", "</think>", "<answer>", "</answer>")) {
      assertEquals(ParityCase.doubles(truth.get("clone_probabilities"))[0], after.probability(token), 1e-6, token);
    }
  }
}
