package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.coldstart.fixture.VariedTexts;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokenizers of every family give the same ids and texts in Python, whoever added and saved. */
class TransformersReadsTokenizersTest {
  private static final Path TOKENIZERS = Path.of("src/test/resources/tokenizer").toAbsolutePath();
  private static final List<String> SOURCES = List.of("tiny", "qwen", "gemma", "llama2", "tiny.gguf", "qwen.gguf",
      "gemma.gguf", "llama2.gguf");
  private static final String[] MARKS = {"<think>", "</think>", "<answer>", "<|mine|>", "<|im_start|>", "<|im_end|>",
    "<start_of_turn>", "<end_of_turn>", "<bos>", "<s>", "</s>", "<|eos|>", "<0x0A>", "\u2581", "<table>",
    "<tool_call>"};
  private static final List<Message> CHAT = List.of(Message.user("Hello!"), Message.assistant("Hi."),
      Message.user("Bye."));
  private static final Gson GSON = new GsonBuilder().setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
    .create();

  private PythonReader python;

  @TempDir
  Path folder;

  private record Question(List<String> texts, List<String> folders, List<List<String>> grown) {}

  /** Gson 2.8.5 knows no records. */
  private static final class Answer {
    String kind;
    List<String> complaints;
    int size;
    int[][] ids;
    List<String> decoded;
    List<String> decodedWithoutSpecial;
    String chat;
    Integer bos;
    Integer eos;
    Integer pad;
  }

  @BeforeEach
  void findPython() {
    python = PythonReader.find().orElse(null);
    assumeTrue(python != null, "No Python with torch and transformers: run environment/test --with-python");
  }

  @Test
  void whatWeSaveIsReadAlike() throws IOException {
    List<String> texts = VariedTexts.of(11, 500, MARKS);
    List<String> folders = new ArrayList<>();
    for (String source : SOURCES) {
      Path plain = folder.resolve(source + "-plain");
      Path grown = folder.resolve(source + "-grown");
      try (Tokenizer tokenizer = Tokenizer.fromPretrained(TOKENIZERS.resolve(source))) {
        tokenizer.save(plain);
        tokenizer.addTokens("<think>", "</think>", "<answer>");
        tokenizer.addSpecialTokens("<|mine|>");
        tokenizer.save(grown);
      }
      folders.addAll(List.of(plain.toString(), grown.toString()));
    }
    List<Answer> answers = ask(new Question(texts, folders, List.of()));
    for (int i = 0; i < folders.size(); i++) {
      assertEquals(List.of(), answers.get(i).complaints, folders.get(i));
      assertEquals("TokenizersBackend", answers.get(i).kind, folders.get(i));
      assertAlike(texts, answers.get(i), Path.of(folders.get(i)));
    }
  }

  @Test
  void whatPythonSavesIsReadAlike() throws IOException {
    List<String> texts = VariedTexts.of(12, 300, MARKS);
    List<List<String>> grown = new ArrayList<>();
    for (String source : List.of("tiny", "tiny", "qwen", "qwen", "gemma", "gemma", "llama2", "llama2")) {
      String from = TOKENIZERS.resolve(source).toString();
      grown.add(List.of(from, folder.resolve("python-" + grown.size()).toString()));
    }
    List<Answer> answers = ask(new Question(texts, List.of(), grown));
    for (int i = 0; i < grown.size(); i++) {
      assertAlike(texts, answers.get(i), Path.of(grown.get(i).get(1)));
    }
  }

  private List<Answer> ask(Question question) throws IOException {
    Path request = Files.writeString(folder.resolve("request.json"), json(question));
    Path answer = folder.resolve("answer.json");
    python.run("read_tokenizers.py", request.toString(), answer.toString());
    return List.of(GSON.fromJson(Files.readString(answer), Answer[].class));
  }

  private static String json(Question question) {
    com.google.gson.JsonObject json = new com.google.gson.JsonObject();
    json.add("texts", GSON.toJsonTree(question.texts()));
    json.add("folders", GSON.toJsonTree(question.folders()));
    json.add("grown", GSON.toJsonTree(question.grown()));
    return json.toString();
  }

  private static void assertAlike(List<String> texts, Answer answer, Path source) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(source)) {
      assertEquals(answer.size, tokenizer.size(), source.toString());
      for (int i = 0; i < texts.size(); i++) {
        String what = source.getFileName() + ": " + texts.get(i);
        assertArrayEquals(answer.ids[i], tokenizer.encode(texts.get(i)).ids(), what);
        assertEquals(answer.decoded.get(i), tokenizer.decode(answer.ids[i]), what);
        assertEquals(answer.decodedWithoutSpecial.get(i), tokenizer.decode(answer.ids[i], true), what);
      }
      assertEquals(answer.chat != null, tokenizer.hasChatTemplate());
      if (answer.chat != null) {
        assertEquals(answer.chat, tokenizer.applyChatTemplate(CHAT, true));
      }
      assertEquals(optional(answer.bos), tokenizer.bosTokenId());
      assertEquals(optional(answer.eos), tokenizer.eosTokenId());
      assertEquals(optional(answer.pad), tokenizer.padTokenId());
    }
  }

  private static OptionalInt optional(Integer id) {
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }
}
