package org.coldstart.train;

import ai.djl.util.Utils;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.coldstart.data.Example;
import org.coldstart.data.ExampleSet;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Precision;
import org.coldstart.model.Pretrained;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A run handed over to TRL {@value #TRL}, for more machines than this one: model, rows and settings as
 * {@code trl sft --config run.yaml} takes them. What that saves is loaded here with
 * {@link Pretrained#load(String)} as any checkpoint is.
 *
 * <pre>{@code
 * new HandOver(model, tokenizer, config, train).export(Path.of("hand-over"));
 * }</pre>
 *
 * <p>
 * The optimizer's state is not handed over: TRL begins at step 0 from the weights as they are.
 *
 * @param train rows to learn from, without weights
 */
public record HandOver(CausalLm model, Tokenizer tokenizer, SftConfig config, List<Example> train) {

  private static final String TRL = "1.16";
  private static final List<String> ACCELERATE = List.of("one-machine.yaml", "several-gpus.yaml", "fsdp2.yaml",
      "two-machines.yaml");

  /** Refuses what cannot be trained, naming the row, and what TRL does not have, naming the setting. */
  public HandOver {
    SftConfig.require(!train.isEmpty(), "There is no row to train on.");
    SftConfig.require(model.adapter().isEmpty() && model.trainableCount().percent() == 100,
        "Only a run that trains all weights is handed over: merge the adapter, or setTrainable all of them.");
    SftConfig.require(!config.loadBestModelAtEnd() && config.earlyStoppingPatience() == 0,
        "loadBestModelAtEnd and earlyStoppingPatience have no counterpart in run.yaml, which has no evaluation rows"
            + " and no callbacks: leave them out.");
    SftConfig.require(config.warmupRatio() < 1 || config.warmupSteps() > 0,
        "warmupRatio 1 has no counterpart: TRL reads a warmup_steps of 1 as one step; set warmupSteps.");
    SftConfig.require(config.seed() >= 0 && config.seed() <= 0xFFFFFFFFL,
        "The seed " + config.seed() + " has no counterpart: in Python it is 0 to 4294967295.");
    model.checkFits(tokenizer);
    Trainer.check(model, tokenizer, config, train, "Training row");
  }

  /**
   * Writes the folder, which is there once it is complete; its {@code README.md} says how to go on.
   *
   * @param folder must not exist, or be empty
   * @throws IllegalArgumentException if it has files
   * @throws org.coldstart.data.DataException if a row has weights
   * @throws CheckpointException if it cannot be written
   */
  public void export(Path folder) {
    Path target = folder.toAbsolutePath();
    String[] there = target.toFile().list();
    SftConfig.require(there == null ? !Files.exists(target) : there.length == 0,
        folder + " exists: choose a new folder, or delete it.");
    Path aside = target.resolveSibling("." + target.getFileName() + "-" + UUID.randomUUID());
    try {
      Files.createDirectories(aside.resolve("accelerate"));
      Pretrained.save(aside.resolve("model"), model, tokenizer);
      new ExampleSet(train, 0, 0).toParquet(aside.resolve("data"));
      Files.writeString(aside.resolve("run.yaml"), runYaml());
      for (String file : ACCELERATE) {
        Files.writeString(aside.resolve("accelerate").resolve(file), template(file));
      }
      Files.writeString(aside.resolve("trainjob.yaml"), template("trainjob.yaml"));
      Files.writeString(aside.resolve("README.md"), template("README.md"));
      Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new CheckpointException("Cannot write " + folder + ": " + e + ". Nothing was left behind.", e);
    } finally {
      Utils.deleteQuietly(aside);
    }
  }

  private String runYaml() {
    StringBuilder yaml = new StringBuilder("# For TRL " + TRL + ", under its names. What differs from training here:\n");
    differences().forEach(line -> yaml.append("# - ").append(line).append('\n'));
    arguments().forEach((name, value) -> yaml.append(name).append(": ").append(value).append('\n'));
    return yaml.toString();
  }

  /** What has no counterpart, or another meaning, a sentence each. */
  private List<String> differences() {
    Map<String, Boolean> all = new LinkedHashMap<>();
    all.put("The order of rows follows from the seed by PyTorch's rule.", true);
    all.put("A step takes per_device_train_batch_size * gradient_accumulation_steps rows of each process.", true);
    all.put("There are no evaluation rows: evalSteps and perDeviceEvalBatchSize say nothing until you add"
        + " data/test-00000.parquet and eval_strategy.", true);
    all.put("Packed rows keep apart only under FlashAttention: add attn_implementation, or leave packing out.",
        config.packing());
    all.put("adamw_bnb_8bit needs pip install bitsandbytes.", config.optim() == OptimizerName.ADAMW_8BIT);
    return all.keySet().stream().filter(all::get).toList();
  }

  private Map<String, Object> arguments() {
    Map<String, Object> yaml = new LinkedHashMap<>();
    yaml.put("model_name_or_path", "model");
    yaml.put("dataset_name", "data");
    yaml.put("output_dir", "trained");
    yaml.put("dtype", "float32"); // the weights; bf16 below is of the products
    yaml.put("bf16", config.precision() == Precision.BF16);
    yaml.put("learning_rate", config.learningRate());
    yaml.put("lr_scheduler_type", lower(config.lrSchedulerType()));
    yaml.put("warmup_steps", config.warmupSteps() > 0 ? config.warmupSteps() : config.warmupRatio());
    yaml.put("num_train_epochs", config.numTrainEpochs());
    yaml.put("max_steps", config.maxSteps() > 0 ? config.maxSteps() : -1);
    yaml.put("per_device_train_batch_size", config.perDeviceTrainBatchSize());
    yaml.put("per_device_eval_batch_size", config.perDeviceEvalBatchSize());
    yaml.put("gradient_accumulation_steps", config.gradientAccumulationSteps());
    yaml.put("max_length", config.maxLength());
    yaml.put("optim", config.optim() == OptimizerName.ADAMW ? "adamw_torch" : "adamw_bnb_8bit");
    yaml.put("weight_decay", config.weightDecay());
    yaml.put("adam_beta1", config.adamBeta1());
    yaml.put("adam_beta2", config.adamBeta2());
    yaml.put("adam_epsilon", config.adamEpsilon());
    yaml.put("max_grad_norm", config.maxGradNorm());
    yaml.put("train_sampling_strategy", config.groupByLength() ? "group_by_length" : "random");
    yaml.put("packing", config.packing());
    yaml.put("gradient_checkpointing", config.gradientCheckpointing());
    yaml.put("neftune_noise_alpha", config.neftuneNoiseAlpha() > 0 ? config.neftuneNoiseAlpha() : "null");
    yaml.put("logging_steps", config.loggingSteps());
    yaml.put("save_strategy", new JsonPrimitive(lower(config.saveStrategy()))); // a bare no is false in YAML
    yaml.put("save_steps", config.saveSteps());
    yaml.put("save_total_limit", config.saveTotalLimit() > 0 ? config.saveTotalLimit() : "null");
    yaml.put("seed", config.seed());
    yaml.put("report_to", "none");
    return yaml;
  }

  private static String lower(Enum<?> name) {
    return name.name().toLowerCase(Locale.ROOT);
  }

  private String template(String name) {
    try (InputStream file = HandOver.class.getResourceAsStream("hand-over/" + name)) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8).replace("{trl}", TRL)
        .replace("{precision}", config.precision() == Precision.BF16 ? "bf16" : "'no'")
        .replace("{rows}", String.valueOf(train.size()))
        .replace("{rows_per_step}", String.valueOf(config.rowsPerStep()))
        .replace("{differences}", differences().stream().map(line -> "- " + line).collect(Collectors.joining("\n")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
