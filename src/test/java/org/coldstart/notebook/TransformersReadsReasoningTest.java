package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.coldstart.data.Conversation;
import org.coldstart.data.Example;
import org.coldstart.data.ReasoningRole;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A saved template with a reasoning role gives transformers the same texts, ids and masks. */
class TransformersReadsReasoningTest {

  private static final Path TOKENIZERS = Path.of("src/test/resources/tokenizer").toAbsolutePath();
  private static final List<String> FAMILIES = List.of("tiny", "qwen", "gemma", "llama2");
  private static final Conversation CHAT = Conversation.of(Message.system("Be 'brief'."),
      Message.user("Hi {{ there }}!\n"), Message.of("reasoning", " A greeting,\n\nso: greet. 🦉"),
      Message.assistant("Hello \\n."), Message.user("2 + 3?"), Message.of("reasoning", "2 and 3"),
      Message.assistant("5"));

  private PythonReader python;

  @TempDir
  Path folder;

  /** Gson 2.8.5 knows no records. */
  private static final class Answer {
    String thinks;
    String answers;
    int[] ids;
    int[] mask;
  }

  @BeforeEach
  void findPython() {
    python = PythonReader.find().orElse(null);
    assumeTrue(python != null, "No Python with torch and transformers: run environment/test --with-python");
  }

  @Test
  void textsIdsAndMasksAreTheSame() throws IOException {
    List<Path> saved = new ArrayList<>();
    for (String family : FAMILIES) {
      for (boolean token : new boolean[] {false, true}) {
        Path target = folder.resolve(family + (token ? "-token" : "-text"));
        try (Tokenizer tokenizer = Tokenizer.fromPretrained(TOKENIZERS.resolve(family))) {
          if (token) {
            tokenizer.addSpecialTokens(ReasoningRole.TOKEN);
          }
          ReasoningRole.prepareConversationTemplate(tokenizer);
          tokenizer.save(target);
        }
        saved.add(target);
      }
    }
    Answer[] answers = ask(saved);
    for (int i = 0; i < answers.length; i++) {
      try (Tokenizer tokenizer = Tokenizer.fromPretrained(saved.get(i))) {
        assertAlike(answers[i], tokenizer, saved.get(i).getFileName().toString());
      }
    }
  }

  private Answer[] ask(List<Path> folders) throws IOException {
    Gson gson = new Gson();
    JsonObject question = new JsonObject();
    JsonArray names = new JsonArray();
    folders.forEach(path -> names.add(path.toString()));
    question.add("folders", names);
    JsonArray messages = new JsonArray();
    for (Message message : CHAT.messages()) {
      messages.add(gson.toJsonTree(Map.of("role", message.role(), "content", message.content())));
    }
    question.add("messages", messages);
    Path request = Files.writeString(folder.resolve("request.json"), question.toString());
    Path answer = folder.resolve("answer.json");
    python.run("read_reasoning.py", request.toString(), answer.toString());
    return gson.fromJson(Files.readString(answer), Answer[].class);
  }

  private static void assertAlike(Answer answer, Tokenizer tokenizer, String what) {
    assertEquals(answer.thinks, opened(tokenizer, "add_reasoning_generation_prompt"), what);
    assertEquals(answer.answers, opened(tokenizer, "add_assistant_generation_prompt"), what);
    Example example = ReasoningRole.createAnswerMask(tokenizer, CHAT);
    assertArrayEquals(answer.ids, example.ids(), what);
    for (int t = 0; t < answer.mask.length; t++) {
      assertEquals(answer.mask[t] == 1, example.mask()[t], what + ", token " + t);
    }
  }

  private static String opened(Tokenizer tokenizer, String flag) {
    return tokenizer.applyChatTemplate(CHAT.messages(), false, Map.of(flag, true));
  }
}
