package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.coldstart.tokenizer.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows as data sets write them. */
class SampleFormatterTest {
  private static final Conversation CHAT = Conversation.of(Message.user("微调测试"), Message.assistant("我学会了"));

  @TempDir
  Path folder;

  private DataSet rows(String... lines) throws IOException {
    return DataSet.load(Files.writeString(folder.resolve("rows.jsonl"), String.join("\n", lines)).toString());
  }

  private String refusal(SampleFormatter formatter, String line) throws IOException {
    DataRow row = rows("", line).get(0);
    return assertThrows(DataException.class, () -> formatter.apply(row)).getMessage();
  }

  @ParameterizedTest
  @ValueSource(strings = {
    "{'messages': [{'role': 'user', 'content': '微调测试'}, {'role': 'assistant', 'content':" + " '我学会了'}]}",
    "{'conversation': [{'role': 'human', 'message': '微调测试'}, {'role': 'assistant', 'message':" + " '我学会了'}]}",
    "{'conversations': [{'from': 'human', 'value': '微调测试'}, {'from': 'gpt', 'value': '我学会了'}]}",
    "{'messages': [{'role': 'User', 'content': '微调测试', 'name': null}, {'role': 'model'," + " 'content': '我学会了'}]}"})
  void conversationsInEverySpelling(String line) throws IOException {
    DataRow row = rows(line.replace('\'', '"')).get(0);
    assertEquals(CHAT, SampleFormatter.standard().apply(row));
    assertEquals(CHAT, Conversation.of(row));
  }

  @Test
  void toolsSettingsAndTheSystemMessageOfARowAreKept() throws IOException {
    String turns = "'messages': [{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'a'}]";
    Map<String, Object> tool = Map.of("type", "function", "function", Map.of("name", "f", "limit", 3L));
    DataSet rows = rows(("{" + turns + ", 'tools': [{'type': 'function', 'function': {'name': 'f', 'limit': 3}}],"
        + " 'chat_template_kwargs': {'enable_thinking': false}}\n{" + turns
        + ", 'tools': '[{\\'type\\': \\'function\\', \\'function\\': {\\'name\\': \\'f\\', \\'limit\\': 3}}]', 'system': 'S'}\n{"
        + turns + ", 'tools': null, 'chat_template_kwargs': null}").replace('\'', '"'));
    Conversation first = Conversation.of(rows.get(0));
    assertEquals(Map.of("tools", List.of(tool), "enable_thinking", false), first.variables());
    Conversation second = Conversation.of(rows.get(1));
    assertEquals(Map.of("tools", List.of(tool)), second.variables());
    assertEquals(Message.system("S"), second.messages().get(0));
    assertEquals(Map.of(), Conversation.of(rows.get(2)).variables());
    for (String wrong : List.of("'tools': 7", "'tools': 'f()'", "'chat_template_kwargs': 'x'")) {
      String refusal = refusal(SampleFormatter.standard(), ("{" + turns + ", " + wrong + "}").replace('\'', '"'));
      assertTrue(refusal.startsWith("Row 2: column '" + wrong.split("'")[1]), refusal);
    }
  }

  @Test
  void contentInPartsIsJoined() throws IOException {
    String line = "{'messages': [{'role': 'user', 'content': [{'type': 'text', 'text': 'a '}, 'b', {'type': 'text',"
        + " 'text': 'c'}]}, {'role': 'assistant', 'content': [{'type': 'text', 'text': 'd'}]}]}";
    assertEquals(Conversation.of(Message.user("a bc"), Message.assistant("d")),
        Conversation.of(rows(line.replace('\'', '"')).get(0)));
    String image = "{'messages': [{'role': 'user', 'content': [{'type': 'image', 'url': 'x.png'}]}]}";
    String refusal = refusal(SampleFormatter.standard(), image.replace('\'', '"'));
    assertTrue(refusal.contains("turn 1 (user) has something else than text as content: image"), refusal);
  }

  @Test
  void promptAndCompletionAsTextOrMessages() throws IOException {
    SampleFormatter formatter = SampleFormatter.standard();
    DataSet rows = rows("{\"prompt\": \"Q\", \"completion\": \" A\"}",
        "{\"prompt\": [{\"role\": \"user\", \"content\": \"Q\"}], \"completion\":"
            + " [{\"role\": \"assistant\", \"content\": \"A\"}]}",
        "{\"text\": \"T\"}");
    assertEquals(new Text("Q", " A"), formatter.apply(rows.get(0)));
    assertEquals(PromptCompletion.of("Q", "A").conversation(), formatter.apply(rows.get(1)));
    assertEquals(Text.of("T"), formatter.apply(rows.get(2)));
  }

  @Test
  void furtherFieldsGoToTheTemplate() throws IOException {
    String line = "{\"messages\": [{\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{\"n\":" + " 1}]}]}";
    Message message = Conversation.of(rows(line).get(0)).messages().get(0);
    assertEquals(Map.of("tool_calls", List.of(Map.of("n", 1L))), message.extra());
  }

  @Test
  void otherRolesMustBeRegistered() throws IOException {
    String line = "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"reasoning\","
        + " \"content\": \"b\"}]}";
    String message = refusal(SampleFormatter.standard(), line);
    assertTrue(message.startsWith("Row 2: turn 2 has the unknown role 'reasoning'; known are assistant,"), message);
    Sample read = SampleFormatter.standard().withRole("reasoning").apply(rows(line).get(0));
    assertEquals("reasoning", ((Conversation) read).messages().get(1).role());
    read = SampleFormatter.standard().withAlias("Reasoning", "tool").apply(rows(line).get(0));
    assertEquals("tool", ((Conversation) read).messages().get(1).role());
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"{'messages': [{'role': 'user', 'content': ' '}]} | turn 1 (user) is empty",
    "{'messages': [{'role': 'user', 'content': null}]} | turn 1 (user) is empty",
    "{'messages': [{'role': 'user', 'content': [1]}]} | turn 1 (user) has something else",
    "{'messages': [{'content': 'a'}]} | turn 1 has none of the fields role, from",
    "{'messages': [{'role': 'user'}]} | turn 1 has none of the fields content, message",
    "{'messages': [{'role': null, 'content': 'a'}]} | turn 1 has the unknown role 'null'",
    "{'messages': ['a']} | turn 1 is not a message", "{'messages': []} | column 'messages' is not a list",
    "{'messages': 'a'} | column 'messages' is not a list", "{'prompt': 'a'} | no columns to learn from",})
  void badRowsAreNamed(String line, String reason) throws IOException {
    String message = refusal(SampleFormatter.standard(), line.replace('\'', '"'));
    assertTrue(message.startsWith("Row 2: " + reason), message);
  }

  @Test
  void aLineCutInHalfIsNamedWithItsFile() throws IOException {
    String message = assertThrows(DataException.class,
        () -> rows("{\"text\": \"a\"}", "{\"messages\": [{\"role\": \"us"))
      .getMessage();
    assertTrue(message.startsWith(folder.resolve("rows.jsonl") + ", line 2"), message);
  }
}
