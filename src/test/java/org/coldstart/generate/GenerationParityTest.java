package org.coldstart.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Greedy decoding writes the ids that transformers writes. */
class GenerationParityTest {

  private static final String CASES = "org.coldstart.fixture.ParityCase#all";
  private static final int NEW_TOKENS = 12;
  private static final Tokenizer TOKENIZER = TinyTokenizer.endingWith2();

  @AfterAll
  static void close() {
    TOKENIZER.close();
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void eachRowAlone(ParityCase fixture) {
    int[][] expected = ParityCase.matrix(fixture.section("greedy"), "new_tokens");
    try (CausalLm model = fixture.model()) {
      Generator generator = new Generator(model, TOKENIZER);
      for (int row = 0; row < expected.length; row++) {
        Generation reply = generator.generate(fixture.rows().subList(row, row + 1), Sampling.greedy(), NEW_TOKENS)
          .get(0);
        assertArrayEquals(expected[row], reply.ids(), "row " + row);
        boolean cut = expected[row].length == NEW_TOKENS && !endsReply(model, expected[row][NEW_TOKENS - 1]);
        assertEquals(cut ? Generation.Stop.LENGTH : Generation.Stop.END_TOKEN, reply.stop(), "row " + row);
      }
    }
  }

  private static boolean endsReply(CausalLm model, int id) {
    return model.generationConfig().eosTokenIds().contains(id);
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void aBatchOfUnequalRowsWritesWhatEachRowWritesAlone(ParityCase fixture) {
    int[][] expected = ParityCase.matrix(fixture.section("greedy"), "new_tokens");
    try (CausalLm model = fixture.model()) {
      List<Generation> replies = new Generator(model, TOKENIZER).generate(fixture.rows(), Sampling.greedy(),
          NEW_TOKENS);
      for (int row = 0; row < expected.length; row++) {
        assertArrayEquals(expected[row], replies.get(row).ids(), "row " + row);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void anyOfTheCheckpointsEndTokensEndsAReply(ParityCase fixture, @TempDir Path folder) throws IOException {
    JsonObject truth = fixture.section("greedy").getAsJsonObject("eos_stop");
    copyWithEndTokens(fixture, folder, 3, truth.get("eos_token_id").getAsInt());
    List<int[]> prompt = List.of(fixture.rows().get(truth.get("row").getAsInt()));
    try (CausalLm model = CausalLm.fromPretrained(folder)) {
      Generation reply = new Generator(model, TOKENIZER).generate(prompt, Sampling.greedy(), NEW_TOKENS).get(0);
      assertArrayEquals(ParityCase.ints(truth.get("new_tokens")), reply.ids());
      assertEquals(Generation.Stop.END_TOKEN, reply.stop());
    }
  }

  private static void copyWithEndTokens(ParityCase fixture, Path folder, int... ids) throws IOException {
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(fixture.folder().resolve(file), folder.resolve(file));
    }
    JsonArray ends = new JsonArray();
    Arrays.stream(ids).forEach(ends::add);
    JsonObject config = new JsonObject();
    config.add("eos_token_id", ends);
    Files.writeString(folder.resolve("generation_config.json"), config.toString());
  }
}
