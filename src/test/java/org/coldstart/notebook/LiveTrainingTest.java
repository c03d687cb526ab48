package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.coldstart.data.Example;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Rows;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.train.SaveStrategy;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;
import org.coldstart.train.TrainingListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;

/** The chart of a run that was stopped and resumed is that of the whole run. */
class LiveTrainingTest {

  private static final TrainingListener STOP_AFTER_TWO = new TrainingListener() {
    @Override
    public void onStep(Step now) {
      if (now.step() == 2) {
        Thread.currentThread().interrupt();
      }
    }
  };

  @TempDir
  Path folder;

  private SftTrainer trainer(CausalLm model, Tokenizer tokenizer, Path outputDir) {
    SftConfig config = SftConfig.builder()
      .learningRate(1e-3)
      .perDeviceTrainBatchSize(2)
      .maxSteps(4)
      .loggingSteps(1)
      .evalSteps(4)
      .outputDir(outputDir)
      .saveStrategy(SaveStrategy.NO)
      .build();
    List<Example> rows = Rows.some(10);
    return new SftTrainer(model, tokenizer, config, rows.subList(0, 8), rows.subList(8, 10));
  }

  private static CausalLm model(Tokenizer tokenizer) {
    CausalLm model = ParityCase.of("llama-tied").model();
    model.resizeTokenEmbeddings(tokenizer);
    return model;
  }

  @Test
  void aResumedRunGoesOnWithTheChart() {
    try (Tokenizer tokenizer = TinyTokenizer.chat();
        CausalLm model = model(tokenizer);
        CausalLm same = model(tokenizer);
        LiveTraining whole = new LiveTraining(4);
        LiveTraining first = new LiveTraining(4);
        LiveTraining second = new LiveTraining(4)) {
      trainer(same, tokenizer, null).train(whole);
      SftTrainer trainer = trainer(model, tokenizer, null);
      trainer.train(first, STOP_AFTER_TWO);
      assertArrayEquals(new double[] {1, 2}, x(first.chart(), "train"));
      trainer.resume(second);
      assertEquals(List.of("train", "eval"),
          second.chart().getSeriesCollection().stream().map(XYSeries::getName).toList());
      for (String series : List.of("train", "eval")) {
        assertArrayEquals(x(whole.chart(), series), x(second.chart(), series), series);
        assertArrayEquals(y(whole.chart(), series), y(second.chart(), series), series);
      }
      assertArrayEquals(new double[] {1, 2, 3, 4}, x(second.chart(), "train"));
      assertArrayEquals(new double[] {0, 4}, x(second.chart(), "eval"));
    }
  }

  private static double[] x(XYChart chart, String series) {
    return chart.getSeries(series).getXData();
  }

  private static double[] y(XYChart chart, String series) {
    return chart.getSeries(series).getYData();
  }

  @Test
  void aStoppedRunIsOffered() {
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = model(tokenizer)) {
      SftTrainer trainer = trainer(model, tokenizer, folder);
      String stopped = lines(live -> trainer.train(live, STOP_AFTER_TWO));
      assertTrue(stopped.contains("step 2/4 · loss "), stopped);
      assertTrue(stopped.contains(" · trainer.resume() goes on, also from checkpoint-2 · stopped after"), stopped);
      String ended = lines(trainer::resume);
      assertTrue(ended.contains("step 4/4 · loss "), ended);
      assertTrue(!ended.contains("goes on"), ended);
    }
  }

  private interface Run {
    void with(LiveTraining live);
  }

  /** What a program without a kernel prints. */
  private static String lines(Run run) {
    PrintStream out = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try (LiveTraining live = new LiveTraining(4)) {
      run.with(live);
    } finally {
      System.setOut(out);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
