package org.coldstart.model;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.coldstart.fixture.Arrays32.part;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.fixture.Arrays32;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.io.torch.Torch;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** New rows: how many, where they start, and what the model makes of them. */
class EmbeddingsTest {

  private static final String CASES = "org.coldstart.fixture.ParityCase#all";
  private static final Path QWEN = Path.of("src/test/resources/tokenizer/qwen");
  private static final int OLD = 99;
  private static Tokenizer tokenizer;

  @BeforeAll
  static void load() {
    tokenizer = TinyTokenizer.endingWith2();
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  /** The tokens of a run of ids. */
  private static String[] tokens(int from, int to) {
    return IntStream.range(from, to).mapToObj(tokenizer::idToToken).toArray(String[]::new);
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void clonedRowsGiveTransformersLogits(ParityCase fixture) {
    JsonObject truth = fixture.section("resize");
    int size = truth.get("vocab_size").getAsInt();
    try (CausalLm model = fixture.model()) {
      model.resizeTokenEmbeddings(size);
      assertEquals(size, model.config().vocabSize());
      String source = tokenizer.idToToken(truth.get("cloned_row").getAsInt());
      model.embeddings(tokenizer).cloneEmbedding(source, tokens(OLD, size));
      float[] logits = Arrays32.logits(model, ParityCase.ints(truth.get("input_ids")), Precision.F32);
      assertClose(fixture.tensor("resize.logits"), logits, 1e-4, "logits");
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void addedRowsStartAsTheMean(ParityCase fixture) {
    try (CausalLm model = fixture.model()) {
      model.resizeTokenEmbeddings(OLD + 2);
      assertLastRow(fixture.tensor("resize.mean.input"), model.embedding(), "embedding");
      if (!model.config().tieWordEmbeddings()) {
        assertLastRow(fixture.tensor("resize.mean.output"), model.headWeight(), "head");
      }
    }
  }

  private static void assertLastRow(float[] expected, NDArray matrix, String what) {
    float[] all = matrix.toFloatArray();
    assertClose(expected, part(all, all.length - expected.length, expected.length), 1e-6, what);
  }

  @Test
  void oldRowsStayAndNoneIsTakenOff() {
    try (CausalLm model = ParityCase.of("llama-untied").model()) {
      float[] embedding = model.embedding().toFloatArray();
      float[] head = model.headWeight().toFloatArray();
      model.resizeTokenEmbeddings(200);
      assertArrayEquals(embedding, part(model.embedding().toFloatArray(), 0, embedding.length));
      assertThrows(IllegalArgumentException.class, () -> model.resizeTokenEmbeddings(50));
      assertEquals(200, model.config().vocabSize());
      assertArrayEquals(head, part(model.headWeight().toFloatArray(), 0, head.length));
      assertThrows(IllegalArgumentException.class, () -> model.resizeTokenEmbeddings(0));
    }
  }

  @Test
  void rowsAreNotTakenAway() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      int rows = model.config().vocabSize();
      String message = assertThrows(IllegalArgumentException.class, () -> model.resizeTokenEmbeddings(rows - 1))
        .getMessage();
      assertTrue(message.contains("has " + rows + " rows") && message.contains("resizeTokenEmbeddings(tokenizer)"),
          message);
      model.resizeTokenEmbeddings(rows);
      assertEquals(rows, model.config().vocabSize());
    }
  }

  @Test
  void anIdOutsideOfTheVocabularyIsToldAsThat() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      String message = assertThrows(IllegalArgumentException.class,
          () -> model.checkHasRows(tokenizer, new int[] {0, tokenizer.size()})).getMessage();
      assertTrue(message.startsWith("The id " + tokenizer.size() + " is not in the vocabulary"), message);
      assertThrows(IllegalArgumentException.class, () -> model.checkHasRows(tokenizer, new int[] {-1}));
    }
  }

  @Test
  void noiseTellsClonesApart() {
    String[] added = tokens(OLD, OLD + 4);
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      TokenEmbeddings embeddings = model.embeddings(tokenizer);
      embeddings.initialize(new EmbeddingInit.Clone("!"), added);
      assertEquals(0, embeddings.distance(added[0], added[1]));
      assertEquals(1, embeddings.cosine("!", added[2]), 1e-6);
      embeddings.initialize(new EmbeddingInit.CloneWithNoise("!", 0.5, 1), added);
      // Noise of half the matrix's deviation (0.1) in 32 columns: 0.5 · 0.1 · √32 = 0.28 from the
      // source.
      assertEquals(0.28, embeddings.distance("!", added[0]), 0.1);
      assertTrue(embeddings.distance(added[0], added[1]) > 0.2);
      float[] first = embeddings.row(added[0]);
      embeddings.initialize(new EmbeddingInit.CloneWithNoise("!", 0.5, 1), added);
      assertArrayEquals(first, embeddings.row(added[0]), "a seed decides the noise");
    }
  }

  @Test
  void subTokensGiveTheirMean() {
    try (Tokenizer words = TinyTokenizer.endingWith2(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(words);
      TokenEmbeddings embeddings = model.embeddings(words);
      float[] q = embeddings.row("Q");
      float[] z = embeddings.row("Z");
      words.addTokens("QZ");
      model.resizeTokenEmbeddings(words);
      embeddings.initialize(new EmbeddingInit.MeanOfSubTokens(), "QZ");
      float[] mean = new float[q.length];
      for (int i = 0; i < mean.length; i++) {
        mean[i] = (q[i] + z[i]) / 2;
      }
      assertClose(mean, embeddings.row("QZ"), 1e-6, "row of QZ");
    }
  }

  @Test
  void aDescriptionGivesTheMeanOfItsTokens() {
    try (Tokenizer words = TinyTokenizer.endingWith2(); CausalLm model = ParityCase.of("llama-tied").model()) {
      words.addTokens("<q>");
      model.resizeTokenEmbeddings(words);
      TokenEmbeddings embeddings = model.embeddings(words);
      float[] q = embeddings.row("Q");
      embeddings.initialize(new EmbeddingInit.MeanOfDescription(Map.of("<q>", "Q"), 0, 1), "<q>");
      assertClose(q, embeddings.row("<q>"), 1e-6, "of one token, without noise");
      embeddings.initialize(new EmbeddingInit.MeanOfDescription(Map.of("<q>", "Q"), 0.5, 1), "<q>");
      assertTrue(embeddings.distance("Q", "<q>") > 0.1, "with noise");
      EmbeddingInit other = new EmbeddingInit.MeanOfDescription(Map.of("<z>", "Q"), 0, 1);
      String message = assertThrows(IllegalArgumentException.class, () -> embeddings.initialize(other, "<q>"))
        .getMessage();
      assertTrue(message.contains("<q>"), message);
    }
  }

  /** As in Qwen's checkpoints, where 267 rows stand behind the tokenizer's. */
  @Test
  void newTokensStartInTheirOwnRowsThoughTheMatrixHasRowsToSpare(@TempDir Path folder) {
    try (CausalLm model = ParityCase.of("llama-untied").model()) {
      model.resizeTokenEmbeddings(584);
      model.embeddings(tokenizer).initialize(new EmbeddingInit.RandomDeviation(3), tokens(OLD, 584));
      model.savePretrained(folder);
    }
    try (Tokenizer qwen = Tokenizer.fromPretrained(QWEN); CausalLm model = CausalLm.fromPretrained(folder)) {
      float[] before = model.embedding().toFloatArray();
      int size = qwen.size();
      assertEquals(2, qwen.addTokens("<think>", "</think>", "<answer>", "</answer>"));
      model.embeddings(qwen).cloneEmbedding("!", "</answer>");
      TokenEmbeddings.Resized result = model.resizeTokenEmbeddings(qwen);
      assertEquals(new TokenEmbeddings.Resized(584, 584, List.of("<answer>")), result);
      float[] after = model.embedding().toFloatArray();
      assertClose(meanOf(before, size), part(after, size * 32, 32), 1e-6, "row of <answer>");
      float[] head = model.headWeight().toFloatArray();
      assertClose(meanOf(head, size), part(head, size * 32, 32), 1e-6, "head of <answer>");
      assertArrayEquals(model.embeddings(qwen).row("!"), model.embeddings(qwen).row("</answer>"));
      assertArrayEquals(part(before, 0, size * 32), part(after, 0, size * 32), "old rows");
      int behind = (size + 2) * 32;
      assertArrayEquals(part(before, behind, before.length - behind), part(after, behind, before.length - behind),
          "rows still to spare");

      qwen.addTokens("<later>");
      assertEquals(List.of("<later>"), model.resizeTokenEmbeddings(qwen).initialized());
    }
  }

  private static float[] meanOf(float[] matrix, int rows) {
    double[] sums = new double[32];
    for (int i = 0; i < rows * 32; i++) {
      sums[i % 32] += matrix[i];
    }
    float[] mean = new float[32];
    for (int i = 0; i < 32; i++) {
      mean[i] = (float) (sums[i] / rows);
    }
    return mean;
  }

  @Test
  void growingStartsTheNewTokensToo() {
    try (Tokenizer qwen = Tokenizer.fromPretrained(QWEN); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(qwen);
      qwen.addTokens("<answer>");
      TokenEmbeddings.Resized result = model.resizeTokenEmbeddings(qwen);
      assertEquals(qwen.size() - 1, result.rowsBefore());
      assertEquals(qwen.size(), result.rows());
      assertEquals(List.of("<answer>"), result.initialized());
      assertEquals(List.of(), model.resizeTokenEmbeddings(qwen).initialized());
    }
  }

  @Test
  void tokenizerWithMoreTokensThanRowsIsRefusedWithBothNumbers() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      String says = "has 584 tokens, but the model's embedding has only 99 rows";
      assertMessage(says, () -> model.checkFits(tokenizer));
      assertMessage("(id 300) has none", () -> model.checkHasRows(tokenizer, new int[] {5, 300}));
      model.checkHasRows(tokenizer, new int[] {0, 98});
      model.resizeTokenEmbeddings(tokenizer);
      model.checkFits(tokenizer);
    }
  }

  @Test
  void aRowIsClonedFromAnyOther() {
    try (CausalLm model = ParityCase.of("llama-untied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      TokenEmbeddings embeddings = model.embeddings(tokenizer);
      embeddings.cloneEmbedding("Z", "A");
      assertArrayEquals(embeddings.row("Z"), embeddings.row("A"));
    }
  }

  @Test
  void tokensWithoutARowAreRefusedWithTheWayOut() {
    try (CausalLm model = ParityCase.of("llama-tied").model()) {
      TokenEmbeddings embeddings = model.embeddings(tokenizer);
      String late = tokenizer.idToToken(300);
      assertMessage("resizeTokenEmbeddings", () -> embeddings.cloneEmbedding("!", late));
      assertMessage("only 99 rows", () -> embeddings.row(late));
      assertMessage("nowhere", () -> embeddings.row("nowhere"));
      assertMessage("at least one token", () -> embeddings.initialize(new EmbeddingInit.Mean()));
      assertMessage("comes after", () -> embeddings.initialize(new EmbeddingInit.Clone("Z"), "A"));
    }
  }

  @Test
  void anIdWithoutARowIsRefusedWhereverItComesIn() {
    try (CausalLm model = ParityCase.of("llama-tied").model(); NDManager step = Torch.newManager()) {
      int rows = model.config().vocabSize();
      String sentence = "Token id %d has no row: the embedding has rows 0 to %d. Call model.resizeTokenEmbeddings"
        .formatted(rows, rows - 1);
      long[] ids = {1, rows};
      long[] seqLens = {2};
      long[] first = {0};
      assertMessage(sentence, () -> model.nextTokenLogits(new int[] {1, rows}));
      assertMessage("Token id -1 has no row", () -> model.nextTokenLogits(new int[] {-1}));
      assertMessage(sentence, () -> model.logits(step.create(ids, new Shape(1, 2)), Precision.F32));
      assertMessage(sentence, () -> model.loss(ids, seqLens, first, first, Precision.F32));
      assertMessage(sentence, () -> model.logitsAt(step, ids, seqLens, first, Precision.F32));
      try (KvCache cache = model.newCache(List.of(new int[] {1}), 2)) {
        assertMessage(sentence, () -> model.nextLogits(step, List.of(new int[] {rows}), cache));
        model.nextLogits(step, List.of(new int[] {1}), cache);
        assertMessage(sentence, () -> model.nextLogits(step, new long[] {rows}, cache));
      }
      try (ForwardBackward pass = model.trainingPass(Precision.F32, false)) {
        assertMessage(sentence, () -> pass.forwardBackward(ids, seqLens, first, first, 1));
      }
    }
  }

  private static void assertMessage(String part, org.junit.jupiter.api.function.Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(part), message);
  }
}
