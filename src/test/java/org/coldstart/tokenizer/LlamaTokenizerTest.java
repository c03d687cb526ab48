package org.coldstart.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The ids that the article on adding tokens shows, on the tokenizer of Llama 3.2. */
class LlamaTokenizerTest {
  @Test
  void articlesIds() {
    try (Tokenizer tokenizer = llama()) {
      int[] before = tokenizer.encode("<think></think><answer></answer").ids();
      assertArrayEquals(new int[] {128000, 14023, 771, 1500, 27963, 1822, 9399, 1500, 9399}, before);
      assertEquals(List.of("<|begin_of_text|>", "<th", "ink", "></", "think", "><", "answer", "></", "answer"),
          Arrays.stream(before).mapToObj(tokenizer::decode).toList());
      assertEquals(4, tokenizer.addTokens("<think>", "</think>", "<answer>", "</answer>"));
      int[] after = tokenizer.encode("<think></think><answer></answer>").ids();
      assertArrayEquals(new int[] {128000, 128256, 128257, 128258, 128259}, after);
      assertEquals(List.of("<|begin_of_text|>", "<think>", "</think>", "<answer>", "</answer>"),
          Arrays.stream(after).mapToObj(tokenizer::decode).toList());
      assertEquals("<think></think><answer></answer>", tokenizer.decode(after, true));
      assertEquals(128260, tokenizer.size());
    }
  }

  @Test
  void turnsLieBetweenHeaderAndEnd() {
    try (Tokenizer tokenizer = llama()) {
      ChatFormat format = ChatFormat.of(tokenizer);
      assertEquals("<|start_header_id|>", format.startToken());
      assertEquals("<|eot_id|>", format.endToken());
    }
  }

  @Test
  void batchesAreFilledUpWithTheTokenMadeForThat() {
    try (Tokenizer tokenizer = llama()) {
      assertEquals("<|finetune_right_pad_id|>", tokenizer.padToken().orElseThrow());
      assertEquals(128004, tokenizer.padTokenId().orElseThrow());
      assertEquals(128256, tokenizer.size());
    }
  }

  @Test
  void blanksBeforePunctuationStayAlthoughTheConfigAsksForCleaningUp() {
    try (Tokenizer tokenizer = llama()) {
      String text = "Is it so ? I 'm sure , yes .";
      assertEquals(text, tokenizer.decode(tokenizer.encode(text).ids(), true));
    }
  }

  private static Tokenizer llama() {
    String shared = System.getProperty("COLDSTART_SHARED",
        System.getenv().getOrDefault("COLDSTART_SHARED", "../shared"));
    Path folder = Path.of(shared, "llama-3.2-tokenizer");
    assumeTrue(Files.exists(folder.resolve("tokenizer.json")),
        "optional local data is absent: the Llama 3.2 tokenizer in " + folder);
    return Tokenizer.fromPretrained(folder);
  }
}
