package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.coldstart.io.jinja.RenderedTemplate;
import org.coldstart.io.jinja.Span;
import org.coldstart.io.jinja.TemplateException;
import org.coldstart.io.json.Json;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Our own templates and pieces of Jinja, as transformers renders them (environment/fixtures/chat_templates.py).
 */
class ChatTemplateFixtureTest {
  private static final Clock CLOCK = Clock.fixed(Instant.parse("2025-03-07T09:05:03Z"), ZoneOffset.UTC);

  @TestFactory
  List<DynamicTest> rendersLikeTransformers() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonElement element : cases("cases")) {
      JsonObject test = element.getAsJsonObject();
      tests.add(DynamicTest.dynamicTest(test.get("name").getAsString(), () -> check(test)));
    }
    return tests;
  }

  @TestFactory
  List<DynamicTest> continuesLikeTransformers() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonElement element : cases("continued")) {
      JsonObject test = element.getAsJsonObject();
      tests.add(DynamicTest.dynamicTest(test.get("name").getAsString(), () -> checkContinued(test)));
    }
    return tests;
  }

  private static void checkContinued(JsonObject test) {
    ChatTemplate template = ChatTemplate.parse(test.get("source").getAsString()).withClock(CLOCK);
    Map<String, String> tokens = Map.of("bos_token", "<s>", "eos_token", "</s>");
    if (test.get("text").isJsonNull()) {
      assertThrows(RuntimeException.class, () -> template.renderContinued(messages(test), tokens));
    } else {
      assertEquals(test.get("text").getAsString(), template.renderContinued(messages(test), tokens));
    }
  }

  private static JsonArray cases(String key) throws IOException {
    try (InputStream file = ChatTemplateFixtureTest.class.getResourceAsStream("chat_templates.json")) {
      String text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
      return Json.parse(text).getAsJsonObject().getAsJsonArray(key);
    }
  }

  private static void check(JsonObject test) {
    if (test.has("error")) {
      TemplateException thrown = assertThrows(TemplateException.class, () -> render(test));
      if (!test.get("line").isJsonNull()) {
        assertEquals(test.get("line").getAsInt(), thrown.line().orElseThrow());
      }
      assertEquals(test.get("error").getAsString(), thrown.getMessage().replaceFirst("^line \\d+: ", ""));
      return;
    }
    RenderedTemplate rendering = render(test);
    String text = test.get("text").getAsString();
    assertEquals(text, rendering.text());
    List<Span> spans = new ArrayList<>();
    for (JsonElement span : test.getAsJsonArray("generated")) {
      JsonArray ends = span.getAsJsonArray();
      spans.add(new Span(text.offsetByCodePoints(0, ends.get(0).getAsInt()),
          text.offsetByCodePoints(0, ends.get(1).getAsInt())));
    }
    assertEquals(spans, rendering.generated());
  }

  private static RenderedTemplate render(JsonObject test) {
    return ChatTemplate.parse(test.get("source").getAsString())
      .withClock(CLOCK)
      .renderWithGeneration(messages(test), test.get("prompt").getAsBoolean(), Truth.map(test.getAsJsonObject("variables")));
  }

  private static List<Message> messages(JsonObject test) {
    List<Message> messages = new ArrayList<>();
    test.getAsJsonArray("messages").forEach(message -> messages.add(message(message.getAsJsonObject())));
    return messages;
  }

  private static Message message(JsonObject json) {
    Map<String, Object> extra = Truth.map(json);
    extra.keySet().removeAll(Set.of("role", "content"));
    extra.replaceAll((name, value) -> value instanceof JsonNull ? null : value);
    JsonElement content = json.get("content");
    return new Message(json.get("role").getAsString(), content.isJsonNull() ? null : content.getAsString(), extra);
  }
}
