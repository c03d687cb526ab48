package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model and its tokenizer come together, able to hold a conversation. */
class PretrainedLoadTest {

  @TempDir Path folder;

  private void save(Tokenizer tokenizer) {
    try (CausalLm model = ParityCase.of("llama-tied").model();
        tokenizer) {
      model.resizeTokenEmbeddings(tokenizer.size());
      Pretrained.save(folder, model, tokenizer);
    }
  }

  @Test
  void aBaseModelGetsTheDefaultTemplateAndItsEosPads() throws IOException {
    save(TinyTokenizer.endingWith2());
    Path config = folder.resolve("tokenizer_config.json");
    Files.writeString(
        config, Files.readString(config).replaceAll("\\s*\"pad_token\": \"[^\"]*\",", ""));
    Files.delete(folder.resolve("special_tokens_map.json"));
    try (ModelAndTokenizer base = Pretrained.load(folder.toString());
        CausalLm alone = CausalLm.fromPretrained(folder)) {
      Tokenizer tokenizer = base.tokenizer();
      assertEquals("<|pad|>", tokenizer.eosToken().orElseThrow());
      assertEquals(tokenizer.eosToken(), tokenizer.padToken());
      String text =
          tokenizer.applyChatTemplate(List.of(Message.system("S"), Message.user("Hi")), true);
      assertTrue(text.endsWith("System: S\n\nUser: Hi\n\nAssistant:"), text);
      int[] ids = tokenizer.encode(text, false).ids();
      assertArrayEquals(alone.nextTokenLogits(ids), base.model().nextTokenLogits(ids));
    }
  }

  @Test
  void aChatModelKeepsItsOwn() {
    save(TinyTokenizer.chat());
    try (ModelAndTokenizer chat = Pretrained.load(folder.toString())) {
      assertEquals(TinyTokenizer.CHATML, chat.tokenizer().chatTemplate().source());
      assertEquals(TinyTokenizer.END, chat.tokenizer().padToken().orElseThrow());
    }
  }

  @Test
  void aModelThatCannotBeReadIsNamed() throws IOException {
    save(TinyTokenizer.chat());
    Files.delete(folder.resolve("config.json"));
    String message =
        assertThrows(RuntimeException.class, () -> Pretrained.load(folder.toString()))
            .getMessage();
    assertTrue(message.contains("config.json"), message);
  }
}
