package org.coldstart.io.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.coldstart.fixture.Fixtures;
import org.coldstart.fixture.SavesUntilKilled;
import org.coldstart.io.checkpoint.Checkpoint;
import org.coldstart.io.json.JsonFiles;
import org.coldstart.io.safetensors.SafetensorsFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whenever a save is broken off, the folder is the old checkpoint or the new one. */
class KilledSaveTest {
  private static final int KILLS = 20;

  @TempDir
  Path folder;

  @Test
  void killedAtAnyMoment() throws Exception {
    Random random = new Random(1);
    Set<Integer> found = new HashSet<>();
    Path model = folder.resolve("model");
    SavesUntilKilled.save(model, 1);
    int asides = 0;
    // On a slow machine it may take more kills until some have come during a save.
    for (int i = 0; i < KILLS || asides == 0 || found.size() < 2; i++) {
      assertTrue(i < 10 * KILLS, "no kill came during a save");
      kill(model, 1 + i % 2, random.nextInt(150));
      asides += names(model).stream().filter(name -> name.startsWith(".coldstart")).count();
      assertNothingMixed(model);
      found.add(assertWhole(model));
    }
    assertEquals(Set.of(1, 2), found);
    SavesUntilKilled.save(model, 2);
    assertEquals(2, assertWhole(model));
    assertEquals(List.of("README.md", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json"), names(model), "what the killed saves left behind goes with the next one");
  }

  private static void kill(Path model, int firstMark, int milliseconds) throws Exception {
    Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m",
        "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), SavesUntilKilled.class.getName(),
        model.toString(), Integer.toString(firstMark))
      .redirectError(ProcessBuilder.Redirect.INHERIT)
      .start();
    try (BufferedReader lines = child.inputReader()) {
      assertEquals("saved", lines.readLine(), "the child saves");
      Thread.sleep(milliseconds);
    } finally {
      child.destroyForcibly();
    }
    assertTrue(child.waitFor(10, TimeUnit.SECONDS));
    assertTrue(child.exitValue() != 0);
  }

  /** A reader that knows nothing of ours finds files of one checkpoint, or none to begin with. */
  private static void assertNothingMixed(Path model) throws IOException {
    if (Files.exists(model.resolve("config.json"))) {
      mark(model);
    }
  }

  /** All files are there and of the same checkpoint: which. */
  private static int assertWhole(Path model) throws IOException {
    Checkpoint.open(model).close();
    int mark = mark(model);
    List<String> expected = new ArrayList<>(
        List.of("README.md", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"));
    if (mark == 1) {
      expected.add("chat_template.jinja");
    }
    assertTrue(names(model).containsAll(expected), () -> "files of " + mark);
    return mark;
  }

  /** Read file by file, so that nothing is put right on the way. */
  private static int mark(Path model) throws IOException {
    Set<Integer> marks = new HashSet<>();
    Path config = model.resolve("config.json");
    marks.add(JsonFiles.read(config, CheckpointException::new).get("pad_token_id").getAsInt());
    for (String name : names(model)) {
      if (name.endsWith(".safetensors")) {
        addValues(model.resolve(name), marks);
      }
      if (CheckpointFiles.isTokenizer(name) || name.equals("README.md")) {
        marks.add(Integer.valueOf(Files.readString(model.resolve(name))));
      }
    }
    assertEquals(1, marks.size(), () -> "mixed: " + marks);
    int mark = marks.iterator().next();
    assertEquals(mark == 1, Files.exists(model.resolve("chat_template.jinja")));
    assertEquals(mark == 2, Files.exists(model.resolve("model.safetensors")));
    assertEquals(mark == 1, Files.exists(model.resolve("model.safetensors.index.json")));
    return mark;
  }

  private static void addValues(Path file, Set<Integer> marks) {
    try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
      for (String name : tensors.tensors().keySet()) {
        for (float value : Fixtures.all(tensors, name)) {
          marks.add((int) value);
        }
      }
    }
  }

  /** The moments a random kill hardly ever meets, one after the other. */
  @Test
  void brokenOffAfterTheCommit() throws IOException {
    for (int moves = 0; moves <= 7; moves++) {
      Path model = folder.resolve("model" + moves);
      SavesUntilKilled.save(model, 1);
      Path next = folder.resolve("next" + moves);
      SavesUntilKilled.save(next, 2);
      Path aside = AtomicFolder.aside(model);
      for (String name : names(next)) {
        Files.copy(next.resolve(name), aside.resolve(name));
      }
      AtomicFolder.commit(aside, model, name -> CheckpointFiles.isWeights(name) || CheckpointFiles.isTokenizer(name));
      breakOff(model, moves);
      assertFalse(moves > 0 && Files.exists(model.resolve("config.json")));
      assertEquals(2, assertWhole(model));
      assertEquals(names(next), names(model));
    }
  }

  /** Takes the first steps of {@link AtomicFolder#finish} by hand. */
  private static void breakOff(Path model, int steps) throws IOException {
    Path committed = model.resolve(AtomicFolder.COMMITTED);
    if (steps >= 1) {
      Files.delete(model.resolve("config.json"));
    }
    if (steps >= 2) {
      Files.delete(model.resolve("tokenizer.json"));
    }
    if (steps >= 3) {
      for (String name : names(model)) {
        if (!Files.isDirectory(model.resolve(name))) {
          Files.delete(model.resolve(name));
        }
      }
    }
    List<String> order = List.of("tokenizer_config.json", "model.safetensors", "README.md");
    for (int i = 4; i <= Math.min(6, steps); i++) {
      Files.move(committed.resolve(order.get(i - 4)), model.resolve(order.get(i - 4)));
    }
  }

  @Test
  void theNextSaveFinishesTheLastFirst() throws IOException {
    Path model = folder.resolve("model");
    SavesUntilKilled.save(model, 1);
    Path aside = Files.createDirectory(model.resolve(AtomicFolder.COMMITTED));
    Files.writeString(aside.resolve("notes.txt"), "from the save before");
    AtomicFiles.writeFolder(model, inner -> Files.writeString(inner.resolve("x.txt"), "x"));
    assertTrue(names(model).containsAll(List.of("notes.txt", "x.txt", "config.json")));
    assertEquals(1, assertWhole(model));
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aFolderThatCannotBeFinishedSaysWhereTheFilesAre() throws IOException {
    Path model = Files.createDirectories(folder.resolve("model"));
    Path committed = Files.createDirectory(model.resolve(AtomicFolder.COMMITTED));
    Files.writeString(committed.resolve("config.json"), "{}");
    // A folder with something in it cannot be replaced by a file, even by root.
    Files.createDirectories(model.resolve("config.json/full"));
    CheckpointException e = assertThrows(CheckpointException.class, () -> Checkpoint.open(model));
    assertTrue(e.getMessage().contains(committed.toString()), e.getMessage());
  }
}
