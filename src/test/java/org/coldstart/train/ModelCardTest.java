package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.coldstart.data.PreferencePair;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.lora.Lora;
import org.coldstart.lora.LoraConfig;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Pretrained;
import org.coldstart.model.SaveOptions;
import org.coldstart.model.Trainable;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCardTest {

  @TempDir
  Path folder;

  @Test
  void aTrainedModelIsSavedWithAllThatBelongsToIt() throws IOException {
    ParityCase fixture = ParityCase.of("llama-tied");
    try (CausalLm model = fixture.model(); Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      SftConfig config = SftConfig.builder().learningRate(5e-3).maxSteps(3).loggingSteps(1).build();
      TrainingResult result = new SftTrainer(model, tokenizer, config, fixture.examples(), fixture.examples()).train();
      ModelCard card = ModelCard.of("tiny \"think\"", config, result)
        .baseModel("owner/tiny: 1")
        .license("apache-2.0")
        .datasets("owner/rows", "data/my rows");
      IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
          () -> Pretrained.save(folder, model, tokenizer));
      assertTrue(e.getMessage().contains("resizeTokenEmbeddings"), e.getMessage());
      model.resizeTokenEmbeddings(tokenizer);
      Pretrained.save(folder, model, tokenizer, SaveOptions.defaults(), card.toMarkdown());
    }
    assertTrue(names().containsAll(List.of("README.md", "config.json", "generation_config.json", "model.safetensors",
        "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json")), () -> "saved");
    String text = Files.readString(folder.resolve("README.md"));
    assertTrue(text.startsWith("---\nlibrary_name: transformers\n"), text);
    assertTrue(text.contains("\nlicense: \"apache-2.0\"\n"), text);
    assertTrue(text.contains("\ndatasets:\n- \"owner/rows\"\ntags:\n- \"sft\"\n"), text);
    assertFalse(text.contains("base_model:"), "a hub would look for that name");
    assertTrue(text.contains("Made from owner/tiny: 1 by"), text);
    assertTrue(text.contains("fine-tuning of all weights on owner/rows, data/my rows."), text);
    assertTrue(text.contains("| learning_rate | 0.005 |"), text);
    assertTrue(text.contains("| optimizer steps | 3 |"), text);
    assertTrue(text.lines().anyMatch(l -> l.matches("\\| training loss \\| [\\d.]+ → [\\d.]+ \\|")));
    assertTrue(text.lines().anyMatch(l -> l.matches("\\| held-out loss \\| [\\d.]+ → [\\d.]+ \\|")));
    assertTrue(text.contains("| Java | "), text);
    assertEquals(1, text.lines().filter(line -> line.startsWith("# ")).count());
  }

  @Test
  void theCardNamesItsGgufFiles() {
    ParityCase fixture = ParityCase.of("llama-tied");
    try (CausalLm model = fixture.model(); Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      SftConfig config = SftConfig.builder().maxSteps(1).build();
      TrainingResult result = new SftTrainer(model, tokenizer, config, fixture.examples(), List.of()).train();
      String text = ModelCard.of("tiny", config, result).gguf("tiny-Q8_0.gguf", "tiny-F16.gguf").toMarkdown();
      assertTrue(text.contains("\n- \"coldstart\"\n- \"gguf\"\n---\n"), text);
      assertTrue(text.contains("`tiny-Q8_0.gguf`, `tiny-F16.gguf`, as in `llama-server -m tiny-Q8_0.gguf`"), text);
    }
  }

  @Test
  void theCardNamesWhatWasTrained() {
    assertOrigin("LoRA (r = 4, alpha = 8.0, on q_proj, v_proj)",
        model -> Lora.attach(model, LoraConfig.builder().r(4).build()));
    assertOrigin("LoRA (r = 8, alpha = 8.0, on k_proj, v_proj) and the embedding rows of 2 tokens", model -> Lora
      .attach(model, LoraConfig.builder().targetModules("k_proj", "v_proj").trainableTokenIndices(5, 9).build()));
    assertOrigin("the embedding rows of 3 tokens", model -> model.setTrainable(Trainable.tokenRows(5, 9, 40)));
    assertOrigin("32 of ", model -> model.setTrainable(Trainable.matching("model.norm.weight")));
    assertOrigin("all weights", model -> {});
  }

  @Test
  void theCardSaysHow() {
    try (CausalLm model = ParityCase.of("llama-tied").model(); Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      DpoConfig dpo = DpoConfig.builder().maxSteps(1).build();
      List<PreferencePair> pairs = List.of(new PreferencePair(Rows.of(5, 0), Rows.of(8, 1)));
      TrainingResult result = new DpoTrainer(model, tokenizer, dpo, pairs, List.of()).train();
      String text = ModelCard.of("tiny", dpo, result).toMarkdown();
      assertTrue(text.contains("\ntags:\n- \"dpo\"\n"), text);
      assertTrue(text.contains("Made by direct preference optimisation of all weights."), text);
      assertTrue(text.contains("| learning_rate | 1.0e-6 |") && text.contains("| beta | 0.1 |"), text);
      assertTrue(text.contains("| loss_type | sigmoid |"), text);
      String reinforced = ModelCard.of("tiny", GrpoConfig.builder().build(), result).toMarkdown();
      assertTrue(reinforced.contains("\ntags:\n- \"grpo\"\n"), reinforced);
      assertTrue(reinforced.contains("Made by group relative policy optimisation of all weights."), reinforced);
      assertTrue(reinforced.contains("| num_generations | 8 |"), reinforced);
    }
  }

  private static void assertOrigin(String trained, Consumer<CausalLm> choice) {
    ParityCase fixture = ParityCase.of("llama-tied");
    try (CausalLm model = fixture.model(); Tokenizer tokenizer = TinyTokenizer.endingWith2()) {
      choice.accept(model);
      SftConfig config = SftConfig.builder().maxSteps(1).build();
      TrainingResult result = new SftTrainer(model, tokenizer, config, fixture.examples(), List.of()).train();
      String text = ModelCard.of("tiny", config, result).toMarkdown();
      assertTrue(text.contains("Made by supervised fine-tuning of " + trained), text);
    }
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
