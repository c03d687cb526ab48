package org.coldstart.notebook;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.coldstart.fixture.Arrays32.logits;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import org.coldstart.data.DataSet;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.data.ExampleSet;
import org.coldstart.data.LossOn;
import org.coldstart.data.village.Village;
import org.coldstart.fixture.VariedTexts;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.model.LlamaConfig;
import org.coldstart.model.Precision;
import org.coldstart.model.Pretrained;
import org.coldstart.tokenizer.BpeTrainer;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;
import org.coldstart.train.TrainingResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokenizer and model made here from nothing learn a text, and Python reads both as its own. */
class TransformersReadsNewModelTest {

  private static final int NEW_TOKENS = 20;

  @Test
  void aModelMadeFromNothingIsReadByPython(@TempDir Path folder) {
    PythonReader python = PythonReader.find().orElse(null);
    assumeTrue(python != null, "No Python with torch and transformers: run environment/test --with-python");
    DataSet stories = Village.of(8, 3).stories(64, 3);
    try (Tokenizer tokenizer = tokenizer(stories); CausalLm model = model(tokenizer)) {
      assertLearns(model, tokenizer, stories);
      Pretrained.save(folder, model, tokenizer);
      int[] prompt = tokenizer.encode("One sunny").ids();
      List<String> texts = VariedTexts.of(5, 200, "[BOT]", "[EOT]");
      PythonReading reading = python.read(folder, new PythonReader.Request(texts, prompt, NEW_TOKENS, prompt.length));
      assertEquals(List.of(), reading.loadingWarnings());
      for (int i = 0; i < texts.size(); i++) {
        int[] ids = tokenizer.encode(texts.get(i)).ids();
        assertArrayEquals(reading.ids().get(i), ids, texts.get(i));
        assertEquals(reading.decoded().get(i), tokenizer.decode(ids));
        assertEquals(reading.decodedWithoutSpecial().get(i), tokenizer.decode(ids, true));
      }
      assertClose(reading.logits(), logits(model, prompt, Precision.F32), 1e-4, "logits");
      Generation reply = new Generator(model, tokenizer).generate(List.of(prompt), Sampling.greedy(), NEW_TOKENS)
        .get(0);
      assertArrayEquals(reading.greedyIds(), reply.ids());
    }
  }

  private static Tokenizer tokenizer(DataSet stories) {
    return new BpeTrainer().vocabSize(400)
      .specialTokens("[BOT]", "[EOT]")
      .bosToken("[BOT]")
      .eosToken("[EOT]")
      .train(stories.stream().map(row -> row.text("text")).toList());
  }

  private static CausalLm model(Tokenizer tokenizer) {
    return CausalLm.fromConfig(new LlamaConfig().vocabSize(tokenizer.size())
      .hiddenSize(64)
      .intermediateSize(128)
      .numHiddenLayers(2)
      .bosTokenId(tokenizer.id("[BOT]"))
      .eosTokenId(tokenizer.id("[EOT]"))
      .build(), 1);
  }

  private static void assertLearns(CausalLm model, Tokenizer tokenizer, DataSet stories) {
    ExampleSet rows = new ExampleBuilder(tokenizer).lossOn(LossOn.everything()).build(stories, 256);
    SftConfig config = SftConfig.builder()
      .learningRate(5e-3)
      .maxSteps(20)
      .numTrainEpochs(20)
      .packing(true)
      .maxLength(256)
      .loggingSteps(1)
      .perDeviceTrainBatchSize(2)
      .build();
    TrainingResult result = new SftTrainer(model, tokenizer, config, rows.examples(), List.of()).train();
    double first = result.log().entries().get(0).loss();
    double last = result.log().entries().get(result.log().entries().size() - 1).loss();
    assertTrue(Math.abs(first - Math.log(400)) < 0.3, "a new model guesses among all: " + first);
    assertTrue(last < first - 1.5, first + " → " + last);
  }
}
