package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCardTest {

  @TempDir Path folder;

  @Test
  void aTrainedModelIsSavedWithAllThatBelongsToIt() throws IOException {
    ParityCase fixture = ParityCase.of("llama-tied");
    try (CausalLm model = fixture.model();
        Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      SftConfig config = SftConfig.builder().learningRate(5e-3).maxSteps(3).loggingSteps(1).build();
      TrainingResult result =
          new SftTrainer(model, tokenizer, config, fixture.examples(), fixture.examples()).train();
      ModelCard card =
          ModelCard.of("tiny \"think\"", config, result)
              .baseModel("owner/tiny: 1")
              .license("apache-2.0")
              .datasets("owner/rows", "data/my rows")
              .tags("think");
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> Pretrained.save(folder, model, tokenizer));
      assertTrue(e.getMessage().contains("resizeTokenEmbeddings"), e.getMessage());
      model.resizeTokenEmbeddings(tokenizer.size());
      Pretrained.save(
          folder, model, tokenizer, SaveOptions.defaults(), card.toMarkdown());
    }
    assertTrue(
        names()
            .containsAll(
                List.of(
                    "README.md",
                    "config.json",
                    "generation_config.json",
                    "model.safetensors",
                    "special_tokens_map.json",
                    "tokenizer.json",
                    "tokenizer_config.json")),
        () -> "saved");
    String text = Files.readString(folder.resolve("README.md"));
    assertTrue(text.startsWith("---\nlibrary_name: transformers\n"), text);
    assertTrue(text.contains("\nlicense: \"apache-2.0\"\n"), text);
    assertTrue(text.contains("\ndatasets:\n- \"owner/rows\"\ntags:\n- \"sft\"\n"), text);
    assertFalse(text.contains("base_model:"), "a hub would look for that name");
    assertTrue(text.contains("Made from owner/tiny: 1 by"), text);
    assertTrue(text.contains("owner/rows, data/my rows."), text);
    assertTrue(text.contains("| learning_rate | 0.005 |"), text);
    assertTrue(text.contains("| optimizer steps | 3 |"), text);
    assertTrue(
        text.lines().anyMatch(l -> l.matches("\\| training loss \\| [\\d.]+ → [\\d.]+ \\|")));
    assertTrue(
        text.lines().anyMatch(l -> l.matches("\\| held-out loss \\| [\\d.]+ → [\\d.]+ \\|")));
    assertTrue(text.contains("| Java | "), text);
    assertEquals(1, text.lines().filter(line -> line.startsWith("# ")).count());
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
