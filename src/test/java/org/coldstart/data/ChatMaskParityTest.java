package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.ToNumberPolicy;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ids and masks equal those of transformers (environment/fixtures/chat_masks.py), from {@code {% generation %}} blocks
 * and, with the same template without blocks, from the conversation alone.
 */
class ChatMaskParityTest {

  private record Case(String tokenizer, String family, String title, String template, String plain, List<String> added,
      String opener, List<Map<String, Object>> messages, int[] ids, String mask) {

    Conversation conversation() {
      return new Conversation(messages.stream().map(Case::message).toList());
    }

    private static Message message(Map<String, Object> fields) {
      Map<String, Object> extra = new LinkedHashMap<>(fields);
      return new Message((String) extra.remove("role"), (String) extra.remove("content"), extra);
    }

    /** Only the last stretch of the mask. */
    String lastTurn() {
      int end = mask.lastIndexOf('1');
      int start = mask.lastIndexOf('0', end) + 1;
      return "0".repeat(start) + mask.substring(start);
    }

    Path source() {
      return Path.of(tokenizer.equals("tiny") ? "src/test/resources/tokenizer/tiny" : System.getenv("COLDSTART_GGUF"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny", "smollm2"})
  void masksAreThoseOfTransformers(String tokenizer) throws IOException {
    String gguf = System.getenv("COLDSTART_GGUF");
    assumeTrue(tokenizer.equals("tiny") || gguf != null && Files.exists(Path.of(gguf)),
        "COLDSTART_GGUF does not name the default model's file");
    List<Case> cases = read().stream().filter(c -> c.tokenizer().equals(tokenizer)).toList();
    assertTrue(cases.size() >= 7);
    cases.forEach(this::check);
  }

  private void check(Case truth) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(truth.source())) {
      truth.added().stream().filter(token -> tokenizer.tokenToId(token).isEmpty()).forEach(tokenizer::addSpecialTokens);
      ExampleBuilder builder = new ExampleBuilder(tokenizer);
      tokenizer.setChatTemplate(truth.template());
      check(truth, "blocks", builder.lossOn(LossOn.assistantTurns()), truth.mask());
      tokenizer.setChatTemplate(truth.plain());
      check(truth, "default", builder, truth.mask());
      check(truth, "turns", builder.lossOn(LossOn.assistantTurns()), truth.mask());
      check(truth, "roles", builder.lossOn(LossOn.roles("assistant")), truth.mask());
      check(truth, "all", builder.lossOn(LossOn.between("?", truth.opener())), truth.mask());
      check(truth, "last", builder.lossOn(LossOn.after(truth.opener())), truth.lastTurn());
      check(truth, "everything", builder.lossOn(LossOn.everything()), "1".repeat(truth.mask().length()));
      int last = truth.messages().size() - 1;
      if (truth.conversation().messages().get(last).role().equals("assistant")) {
        PromptCompletion pair = new PromptCompletion(truth.conversation().messages().subList(0, last),
            truth.conversation().messages().get(last));
        compare(truth, "completion", builder.build(1, pair), truth.lastTurn());
      }
    }
  }

  private static void check(Case truth, String how, ExampleBuilder builder, String mask) {
    compare(truth, how, builder.build(1, truth.conversation()), mask);
  }

  private static void compare(Case truth, String how, Example example, String mask) {
    String what = truth.family() + " / " + truth.title() + " / " + how;
    assertArrayEquals(truth.ids(), example.ids(), what);
    StringBuilder found = new StringBuilder();
    for (boolean kept : example.mask()) {
      found.append(kept ? '1' : '0');
    }
    assertEquals(mask, found.toString(), what + Arrays.toString(example.ids()));
  }

  private static List<Case> read() throws IOException {
    Path file = Path.of("src/test/resources/data/chat-masks.json");
    Gson gson = new GsonBuilder().setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE).create();
    List<Map<String, Object>> raw = gson.fromJson(Files.readString(file),
        new TypeToken<List<Map<String, Object>>>() {}.getType());
    return raw.stream().map(ChatMaskParityTest::parse).toList();
  }

  @SuppressWarnings("unchecked")
  private static Case parse(Map<String, Object> fields) {
    return new Case((String) fields.get("tokenizer"), (String) fields.get("family"), (String) fields.get("title"),
        (String) fields.get("template"), (String) fields.get("plain"), (List<String>) fields.get("added"),
        (String) fields.get("opener"), (List<Map<String, Object>>) fields.get("messages"),
        ((List<Long>) fields.get("ids")).stream().mapToInt(Long::intValue).toArray(), (String) fields.get("mask"));
  }
}
