package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.coldstart.data.DataSet;
import org.coldstart.data.Example;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.fixture.ParityCase;
import org.coldstart.io.json.Json;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The families that the README names learn from rows, each in the architecture and with a chat template of its kind
 * (environment/fixtures/chat_masks.py): conversations, several turns, tool calls, thoughts.
 */
class FamiliesTrainTest {

  @TempDir
  Path folder;

  @ParameterizedTest
  @CsvSource({"llama-tied,chatml", "llama-kv1,inst", "llama-untied,plain", "llama3-rope,llama3", "llama3-rope,calls",
    "mistral,inst", "mistral-window,inst", "llama3-rope,open", "qwen2,open", "qwen2,chatml", "qwen3,last", "qwen3,steps",
    "gemma,gemma", "gemma2,gemma", "gemma3,gemma"})
  void rowsAreLearnt(String model, String chat) throws IOException {
    List<JsonObject> cases = new ArrayList<>();
    String masks = Files.readString(Path.of("src/test/resources/data/chat-masks.json"));
    for (JsonElement each : Json.parse(masks).getAsJsonArray()) {
      JsonObject truth = each.getAsJsonObject();
      if (truth.get("tokenizer").getAsString().equals("tiny") && truth.get("family").getAsString().equals(chat)) {
        cases.add(truth);
      }
    }
    assertFalse(cases.isEmpty());
    StringBuilder rows = new StringBuilder();
    cases.forEach(truth -> {
      JsonObject row = new JsonObject();
      row.add("messages", truth.get("messages"));
      rows.append(row).append('\n');
    });
    DataSet data = DataSet.load(Files.writeString(folder.resolve("rows.jsonl"), rows).toString());
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of("src/test/resources/tokenizer/tiny"));
        CausalLm lm = ParityCase.of(model).model()) {
      cases.get(0).getAsJsonArray("added").forEach(token -> tokenizer.addSpecialTokens(token.getAsString()));
      tokenizer.setChatTemplate(cases.get(0).get("plain").getAsString());
      lm.resizeTokenEmbeddings(tokenizer);
      List<Example> examples = new ExampleBuilder(tokenizer).build(data, 4096).examples();
      SftConfig config = SftConfig.builder()
        .learningRate(3e-3)
        .maxSteps(8)
        .perDeviceTrainBatchSize(4)
        .evalSteps(8)
        .build();
      TrainingResult result = new SftTrainer(lm, tokenizer, config, examples, examples).train();
      double before = result.log().entries().get(0).evalLoss();
      assertTrue(result.evalLoss() < before - 0.1, before + " → " + result.evalLoss());
    }
  }
}
