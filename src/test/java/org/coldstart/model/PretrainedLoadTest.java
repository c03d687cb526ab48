package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.tokenizer.DefaultChatTemplate;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model and its tokenizer come together, able to hold a conversation. */
class PretrainedLoadTest {

  @TempDir
  Path folder;

  private void save(Tokenizer tokenizer) {
    try (CausalLm model = ParityCase.of("llama-tied").model(); tokenizer) {
      model.resizeTokenEmbeddings(tokenizer);
      Pretrained.save(folder, model, tokenizer);
    }
  }

  @Test
  void aBaseModelGetsTheDefaultTemplate() {
    save(TinyTokenizer.endingWith2());
    try (Pretrained base = Pretrained.load(folder.toString()); CausalLm alone = CausalLm.fromPretrained(folder)) {
      Tokenizer tokenizer = base.tokenizer();
      assertEquals("<|pad|>", tokenizer.eosToken().orElseThrow());
      assertEquals(tokenizer.eosToken(), tokenizer.padToken());
      String text = tokenizer.applyChatTemplate(List.of(Message.system("S"), Message.user("Hi")), true);
      assertTrue(text.endsWith("System: S\n\nUser: Hi\n\nAssistant:"), text);
      int[] ids = tokenizer.encode(text, false).ids();
      assertArrayEquals(alone.nextTokenLogits(ids), base.model().nextTokenLogits(ids));
    }
  }

  @Test
  void aChatModelKeepsItsOwn() {
    save(TinyTokenizer.chat());
    try (Pretrained chat = Pretrained.load(folder.toString())) {
      assertEquals(TinyTokenizer.CHATML, chat.tokenizer().chatTemplate().source());
      assertEquals(TinyTokenizer.END, chat.tokenizer().padToken().orElseThrow());
    }
  }

  /** Else Python's generate, which reads that file alone, would not stop there. */
  @Test
  void theTemplatesEndTokenEndsRepliesOfTheSavedModelToo() {
    save(TinyTokenizer.chat());
    try (Pretrained chat = Pretrained.load(folder.toString())) {
      List<Integer> before = chat.model().generationConfig().eosTokenIds();
      chat.tokenizer().addSpecialTokens(DefaultChatTemplate.END_TOKEN);
      chat.model().resizeTokenEmbeddings(chat.tokenizer());
      DefaultChatTemplate.give(chat.tokenizer());
      int end = chat.tokenizer().id(DefaultChatTemplate.END_TOKEN);
      Pretrained.save(folder, chat.model(), chat.tokenizer());
      Pretrained.save(folder, chat.model(), chat.tokenizer());
      try (CausalLm saved = CausalLm.fromPretrained(folder)) {
        List<Integer> expected = new ArrayList<>(before);
        expected.add(end);
        assertEquals(expected, saved.generationConfig().eosTokenIds());
      }
    }
  }

  @Test
  void aModelThatCannotBeReadIsNamed() throws IOException {
    save(TinyTokenizer.chat());
    Files.delete(folder.resolve("config.json"));
    String message = assertThrows(RuntimeException.class, () -> Pretrained.load(folder.toString())).getMessage();
    assertTrue(message.contains("config.json"), message);
  }
}
