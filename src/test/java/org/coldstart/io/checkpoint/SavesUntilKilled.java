package org.coldstart.io.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.coldstart.io.json.JsonFiles;

/**
 * A program that saves two checkpoints over each other in turn, beginning with the one named, until
 * it is killed. Every file of checkpoint 1 says 1, every file of checkpoint 2 says 2; they have
 * different numbers of shards, and a chat template only one.
 */
final class SavesUntilKilled {
  static final int VOCABULARY = 30_000;

  private SavesUntilKilled() {}

  public static void main(String[] arguments) {
    int mark = Integer.parseInt(arguments[1]);
    while (true) {
      save(Path.of(arguments[0]), mark);
      System.out.println("saved");
      mark = 3 - mark;
    }
  }

  static void save(Path folder, int mark) {
    ModelConfig config =
        ModelConfig.fromJson(
            JsonFiles.read(Fixtures.path("hf/config.json"), CheckpointException::new));
    config = config.withVocabSize(VOCABULARY).withPadTokenId(mark);
    MemoryTensors tensors = new MemoryTensors();
    config
        .tensorShapes()
        .forEach((name, shape) -> tensors.with(name, shape, filled(name, shape, mark)));
    ModelConfig saved = config;
    SaveOptions options =
        SaveOptions.defaults().maxShardSize(mark == 1 ? 1_000_000 : 1_000_000_000);
    AtomicFiles.writeFolder(
        folder,
        name -> CheckpointFiles.isWeights(name) || CheckpointFiles.isTokenizer(name),
        aside -> {
          CheckpointWriter.write(
              aside, saved, GenerationConfig.fromJson(saved.toJson()), tensors, options);
          AtomicFiles.writeFolder(
              aside,
              CheckpointFiles::isTokenizer,
              inner -> {
                Files.writeString(inner.resolve("tokenizer.json"), "" + mark);
                Files.writeString(inner.resolve("tokenizer_config.json"), "" + mark);
                if (mark == 1) {
                  Files.writeString(inner.resolve("chat_template.jinja"), "" + mark);
                }
              });
          Files.writeString(aside.resolve("README.md"), "" + mark);
        });
  }

  private static float[] filled(String name, List<Long> shape, int mark) {
    float[] values = new float[Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact))];
    Arrays.fill(values, mark);
    return values;
  }
}
