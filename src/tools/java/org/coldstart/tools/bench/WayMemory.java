package org.coldstart.tools.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.coldstart.data.DataSet;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.data.ExampleSet;
import org.coldstart.data.LossOn;
import org.coldstart.lora.Lora;
import org.coldstart.lora.LoraConfig;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Machine;
import org.coldstart.model.Precision;
import org.coldstart.tokenizer.ChatFormat;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.train.OptimizerName;
import org.coldstart.train.SftConfig;
import org.coldstart.train.SftTrainer;

/**
 * The memory that notebook 08's ways of training need, each in a process of its own; {@code environment/bench/ways}.
 *
 * <p>
 * One way a process, because memory that one has freed may stay with the process and serve the next.
 */
public final class WayMemory {

  private static final String HEAD = "model,way,trained,loaded_mib,peak_mib,products";

  private static final Map<String, Integer> WAYS = Map.of("LoRA 8", 8, "LoRA 512", 512, "full", 0);

  private static final int STEPS = 5;

  private WayMemory() {}

  /** Measures all ways with a model and replaces its lines in a CSV file: {@code WayMemory MODEL NAME FILE}. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length == 2) {
      measure(arguments[0], WAYS.get(arguments[1]));
      return;
    }
    String name = arguments[1];
    Path file = Path.of(arguments[2]);
    List<String> lines = new ArrayList<>(List.of(HEAD));
    if (Files.exists(file)) {
      Files.readAllLines(file).stream().skip(1).filter(line -> !line.startsWith(name + ",")).forEach(lines::add);
    }
    for (String way : List.of("LoRA 8", "LoRA 512", "full")) {
      lines.add(name + "," + way + "," + inProcessOfItsOwn(arguments[0], way));
      System.out.println(lines.get(lines.size() - 1));
    }
    Files.write(file, lines);
  }

  private static String inProcessOfItsOwn(String model, String way) throws IOException, InterruptedException {
    String java = ProcessHandle.current().info().command().orElseThrow();
    Process process = new ProcessBuilder(java, "-Xmx1g", "-Dai.djl.offline=true", "-cp",
        System.getProperty("java.class.path"), WayMemory.class.getName(), model, way)
      .redirectError(ProcessBuilder.Redirect.INHERIT)
      .start();
    String measured = new String(process.getInputStream().readAllBytes()).strip();
    if (process.waitFor() != 0) {
      throw new IllegalStateException(way + " failed: " + measured);
    }
    return measured;
  }

  private static void measure(String name, int r) {
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(name); CausalLm model = CausalLm.fromPretrained(name)) {
      ExampleSet rows = new ExampleBuilder(tokenizer).lossOn(LossOn.after(ChatFormat.of(tokenizer).responseTemplate()))
        .build(DataSet.load("data/facts/one-conversation.jsonl"), 1024);
      if (r > 0) {
        Lora.attach(model, LoraConfig.builder().r(r).loraAlpha(r)
          .targetModules("q_proj", "k_proj", "v_proj", "o_proj").build());
      }
      SftConfig config = SftConfig.builder().learningRate(2e-5).maxSteps(STEPS).perDeviceTrainBatchSize(1)
        .optim(OptimizerName.ADAMW_8BIT).precision(Precision.fastest()).build();
      long loaded = Machine.restartPeak().orElseThrow();
      new SftTrainer(model, tokenizer, config, rows.examples(), List.of()).train();
      System.out.printf(Locale.ROOT, "%d,%.0f,%.0f,%s%n", model.trainableCount().trainable(), loaded / 0x1p20,
          Machine.peakResidentBytes().orElseThrow() / 0x1p20, Precision.fastest());
    }
  }
}
