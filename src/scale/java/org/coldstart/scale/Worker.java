package org.coldstart.scale;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.spark.SparkEnv;
import org.coldstart.data.DataException;
import org.coldstart.generate.Generator;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Tokenizer;

/** What an executor keeps from task to task: one tokenizer and one model, loaded by the first task that needs them. */
final class Worker {

  private static String tokenizerName;
  private static Tokenizer tokenizer;
  private static String generatorName;
  private static Generator generator;

  private Worker() {}

  /** The tokenizer of a checkpoint. */
  static synchronized Tokenizer tokenizer(String nameOrPath) {
    if (!nameOrPath.equals(tokenizerName)) {
      see(nameOrPath);
      tokenizer = Tokenizer.fromPretrained(nameOrPath);
      tokenizerName = nameOrPath;
    }
    return tokenizer;
  }

  /** The model of a checkpoint with its tokenizer; a job has one. */
  static synchronized Generator generator(String nameOrPath) {
    if (!nameOrPath.equals(generatorName)) {
      see(nameOrPath);
      makeRoom(nameOrPath);
      generator = new Generator(CausalLm.fromPretrained(nameOrPath), tokenizer(nameOrPath));
      generatorName = nameOrPath;
    }
    return generator;
  }

  /** What a worker is to look for: of a path that the driver sees, the absolute one. */
  static String everywhere(String nameOrPath) {
    return Files.exists(Path.of(nameOrPath)) ? Path.of(nameOrPath).toAbsolutePath().toString() : nameOrPath;
  }

  /** Refuses a path that is not there; another name is left to the hub and its cache. */
  static void see(String nameOrPath) {
    if (Path.of(nameOrPath).isAbsolute() && !Files.exists(Path.of(nameOrPath))) {
      throw new DataException(
          "%s cannot see %s: put it where every worker sees it under this path, such as a shared folder."
            .formatted(name(), nameOrPath));
    }
  }

  /** Refuses weights that do not fit beside the JVM's heap; in f32 they take about twice the bytes of bf16 files. */
  static void makeRoom(String nameOrPath) {
    OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long room = machine.getTotalMemorySize() - Runtime.getRuntime().maxMemory();
    long need = 2 * weights(Path.of(nameOrPath));
    if (need > room) {
      throw new DataException(
          "%s has no room for the model: %s needs %,d MB or so, and beside the heap there are %,d; take larger workers."
            .formatted(name(), nameOrPath, need >> 20, room >> 20));
    }
  }

  private static long weights(Path folder) {
    if (!Files.isDirectory(folder)) {
      return 0;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".safetensors"))
        .mapToLong(file -> file.toFile().length())
        .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String name() {
    SparkEnv here = SparkEnv.get();
    return "Executor " + here.executorId() + " on " + here.blockManager().blockManagerId().host();
  }
}
