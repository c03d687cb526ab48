package org.coldstart.tools.bench;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Writes a model as f32 safetensors, for both sides to load. */
@Command(name = "model", description = "Saves a model as f32 safetensors.")
final class BenchModel implements Callable<Integer> {

  @Parameters(index = "0", description = "name or path")
  private String model;

  @Parameters(index = "1", description = "folder to write")
  private Path folder;

  @Override
  public Integer call() {
    try (CausalLm lm = CausalLm.fromPretrained(model); Tokenizer tokenizer = Tokenizer.fromPretrained(model)) {
      lm.savePretrained(folder);
      tokenizer.save(folder);
    }
    return 0;
  }
}
