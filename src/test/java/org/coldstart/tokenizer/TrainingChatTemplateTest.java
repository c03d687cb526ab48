package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.ToNumberPolicy;
import com.google.gson.reflect.TypeToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.io.jinja.RenderedTemplate;
import org.junit.jupiter.api.Test;

/** Our training templates write what TRL's write (environment/fixtures/training_templates.py). */
class TrainingChatTemplateTest {

  private static final String QWEN3 = "<|im_start|>{{ messages[0].reasoning_content }}";
  private static final String R1 = "<｜Assistant｜>";

  private record Case(String family, List<Map<String, Object>> messages, Map<String, Object> variables, String text,
      List<String> kept) {}

  @Test
  void theyRenderAsTrlsDo() throws IOException {
    String json = Files
      .readString(Path.of("src/test/resources/org/coldstart/tokenizer/training_templates.json"));
    List<Case> cases = new Gson().newBuilder()
      .setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE)
      .create()
      .fromJson(json, new TypeToken<List<Case>>() {}.getType());
    assertEquals(6, cases.size());
    for (Case truth : cases) {
      Map<String, Object> variables = new LinkedHashMap<>(truth.variables());
      variables.put("bos_token", "<s>");
      RenderedTemplate rendered = ChatTemplate.parse(of(truth.family().equals("qwen3") ? QWEN3 : R1))
        .renderWithGeneration(truth.messages().stream().map(TrainingChatTemplateTest::message).toList(), false,
            variables);
      assertEquals(truth.text(), rendered.text());
      // TRL also trains the line feed behind a turn and R1's header, which the model does not write.
      assertEquals(truth.kept().stream().map(kept -> kept.strip().replaceFirst("^" + R1, "")).toList(),
          rendered.generated().stream().map(span -> rendered.text().substring(span.start(), span.end())).toList());
    }
  }

  @Test
  void thoughtsUnderANameOfTheirOwnAreWrittenForR1() {
    String text = ChatTemplate.parse(of(R1))
      .render(List.of(Message.user("q"), Message.assistant("a").with("thinking", "t")), false, Map.of("bos_token", ""));
    assertEquals("<｜User｜>q<｜Assistant｜><think>\nt\n</think>\n\na<｜end▁of▁sentence｜>", text);
  }

  @Test
  void otherFamiliesAreToldWhatToDo() {
    String message = assertThrows(IllegalArgumentException.class, () -> of("{{ messages }}")).getMessage();
    assertTrue(message.contains("setChatTemplate"), message);
  }

  private static String of(String own) {
    try (Tokenizer tokenizer = TinyTokenizer.chat()) {
      tokenizer.setChatTemplate(own);
      return TrainingChatTemplate.of(tokenizer);
    }
  }

  private static Message message(Map<String, Object> fields) {
    Map<String, Object> extra = new LinkedHashMap<>(fields);
    return new Message((String) extra.remove("role"), (String) extra.remove("content"), extra);
  }
}
