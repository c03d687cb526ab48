package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.coldstart.io.jinja.Template;
import org.coldstart.io.jinja.TemplateException;
import org.coldstart.io.json.Json;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Public models' templates against transformers' own rendering; optional local data, which is not ours to commit.
 */
class ChatTemplateGoldTest {
  /** The day the expected texts were made on: templates that print today's date print this one. */
  private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-21T12:00:00Z"), ZoneOffset.UTC);

  /**
   * Tells of the data's absence in the report, and of a data file that holds next to nothing: a factory that makes no
   * tests leaves no trace there.
   */
  @Test
  void dataIsThere() throws IOException {
    assumeTrue(Files.exists(gold()), "optional local data is absent: " + gold());
    assertTrue(rendersLikeTransformers().size() > 300, "31 templates × 9 conversations and more");
  }

  @TestFactory
  List<DynamicTest> rendersLikeTransformers() throws IOException {
    if (!Files.exists(gold())) {
      return List.of();
    }
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonElement element : Json.parse(Files.readString(gold())).getAsJsonArray()) {
      JsonObject test = element.getAsJsonObject();
      String name = test.get("name").getAsString() + " / " + test.get("ctx").getAsString();
      tests.add(DynamicTest.dynamicTest(name, () -> check(test)));
    }
    return tests;
  }

  private static void check(JsonObject test) {
    String source = test.get("src").getAsString();
    var context = Truth.map(test.getAsJsonObject("context"));
    if (test.get("out").isJsonNull()) {
      String error = test.get("err").getAsString();
      TemplateException thrown = assertThrows(TemplateException.class, () -> render(source, context));
      assertEquals(error.substring(error.indexOf(": ") + 2), thrown.getMessage());
    } else {
      assertEquals(test.get("out").getAsString(), render(source, context));
    }
  }

  private static String render(String source, java.util.Map<String, Object> context) {
    return Template.parse(source).render(context, CLOCK).text();
  }

  private static Path gold() {
    String path = System.getProperty("COLDSTART_SHARED", System.getenv("COLDSTART_SHARED"));
    return Path.of(path == null ? "../shared" : path, "chat-templates", "gold.json");
  }
}
