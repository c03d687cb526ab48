package org.coldstart.notebook;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Lets Python's transformers read a saved model, to see that it finds there what we do.
 *
 * <pre>{@code
 * Optional<PythonReading> reading = PythonReader.find().map(python -> python.read(folder, texts, promptIds, 20));
 * System.out.println(reading.map(r -> r.logitDistance(ours) + " apart").orElse(PythonReader.HOW_TO_INSTALL));
 * }</pre>
 *
 * <p>
 * Python with torch and transformers is an optional extra; without it {@link #find()} is empty. The child process
 * fetches nothing.
 */
public final class PythonReader {

  /** What a notebook prints where the extra is not installed. */
  public static final String HOW_TO_INSTALL = "The optional Python side is not installed; "
      + "environment/run --with-python installs it.";

  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final Path SCRIPTS = Path.of("environment", "parity");
  private static final Gson GSON = new GsonBuilder().setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
    .create();

  /** Nothing is fetched, nothing reported, and files are UTF-8 whatever the locale. */
  private static final Map<String, String> ENVIRONMENT = Map.of("HF_HUB_OFFLINE", "1", "TRANSFORMERS_OFFLINE", "1",
      "HF_HUB_DISABLE_TELEMETRY", "1", "TOKENIZERS_PARALLELISM", "false", "PYTHONUTF8", "1", "PYTHONDONTWRITEBYTECODE",
      "1");

  private static final int LAST_LINES = 8;

  /** The script's input; its documentation explains the names. */
  record Request(List<String> texts, int[] prompt, int newTokens, int positions) {}

  private final Path interpreter;
  private final Duration limit;

  PythonReader(Path interpreter, Duration limit) {
    this.interpreter = interpreter;
    this.limit = limit;
  }

  /**
   * The interpreter that the property or environment variable COLDSTART_PYTHON names, or else the checkout's own
   * {@code .venv-python}; empty if there is neither.
   *
   * @throws IllegalStateException if COLDSTART_PYTHON names no program
   */
  public static Optional<PythonReader> find() {
    String given = System.getProperty("COLDSTART_PYTHON", System.getenv("COLDSTART_PYTHON"));
    if (given == null || given.isBlank()) {
      return inCheckout(Output.projectRoot());
    }
    if (!Files.isExecutable(Path.of(given))) {
      throw new IllegalStateException(
          "COLDSTART_PYTHON names " + given + ", which is no program: unset it, or name a Python with transformers.");
    }
    return Optional.of(new PythonReader(Path.of(given), LIMIT));
  }

  /** The set-up leaves its stamp when the installation is complete. */
  static Optional<PythonReader> inCheckout(Path root) {
    Path interpreter = root.resolve(".venv-python/bin/python");
    return Files.isExecutable(interpreter) && Files.exists(root.resolve(".venv-python/.coldstart"))
        ? Optional.of(new PythonReader(interpreter, LIMIT))
        : Optional.empty();
  }

  /**
   * Loads the folder with AutoTokenizer and AutoModelForCausalLM, in f32.
   *
   * @param texts to encode and to decode again
   * @param promptIds whose next token's logits are wanted, at least one
   * @param newTokens how many tokens to add to the prompt at most, at least one
   * @throws IllegalStateException if Python fails or takes longer than ten minutes; ends with Python's last words
   */
  public PythonReading read(Path folder, List<String> texts, int[] promptIds, int newTokens) {
    return read(folder, new Request(texts, promptIds, newTokens, 1));
  }

  /** The same with the logits of several of the prompt's last positions, flat, row-major. */
  PythonReading read(Path folder, Request request) {
    return read(Map.of(folder, request)).get(folder);
  }

  /** Reads several folders in one process. */
  Map<Path, PythonReading> read(Map<Path, Request> requests) {
    return exchange("read_checkpoint.py", requests, PythonReading.class);
  }

  /** Hands a script a request for each file or folder, in JSON, and takes its answers. */
  <A> Map<Path, A> exchange(String script, Map<Path, ?> requests, Class<A> type) {
    List<Path> models = List.copyOf(requests.keySet());
    try {
      Path files = Files.createTempDirectory("coldstart-python");
      try {
        List<String> arguments = new ArrayList<>();
        for (int i = 0; i < models.size(); i++) {
          Path request = files.resolve("request" + i + ".json");
          Files.writeString(request, GSON.toJson(requests.get(models.get(i))));
          arguments.add(models.get(i).toAbsolutePath().toString());
          arguments.add(request.toString());
          arguments.add(files.resolve("answer" + i + ".json").toString());
        }
        run(script, arguments.toArray(String[]::new));
        Map<Path, A> answers = new LinkedHashMap<>();
        for (int i = 0; i < models.size(); i++) {
          answers.put(models.get(i), GSON.fromJson(Files.readString(files.resolve("answer" + i + ".json")), type));
        }
        return answers;
      } finally {
        try (Stream<Path> left = Files.list(files)) {
          left.map(Path::toFile).forEach(File::delete);
        }
        Files.delete(files);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Could not exchange files with Python about " + models, e);
    }
  }

  /** Whether this Python has a module. */
  boolean has(String module) {
    try {
      run("find_module.py", module);
      return true;
    } catch (IllegalStateException missing) {
      return false;
    }
  }

  /**
   * Runs one of the scripts of environment/parity to its end; interrupting the thread ends it.
   *
   * @throws IllegalStateException if the script fails, takes too long or is interrupted
   */
  void run(String script, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(interpreter.toString());
    command.add(Output.projectRoot().resolve(SCRIPTS).resolve(script).toString());
    command.addAll(List.of(arguments));
    try {
      Path output = Files.createTempFile("coldstart-python", ".txt");
      try {
        run(command, output);
      } finally {
        Files.delete(output);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Could not run " + interpreter + " " + script, e);
    }
  }

  private void run(List<String> command, Path output) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().putAll(ENVIRONMENT);
    Process child = builder.start();
    try {
      if (!child.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw failure(command, "took longer than " + limit.toSeconds() + " s", output);
      }
      if (child.exitValue() != 0) {
        throw failure(command, "failed with exit code " + child.exitValue(), output);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure(command, "was interrupted", output);
    } finally {
      child.destroyForcibly().onExit().join();
    }
  }

  private static IllegalStateException failure(List<String> command, String what, Path output) throws IOException {
    // Python may end in the middle of a character, which readString would refuse
    List<String> lines = new String(Files.readAllBytes(output), StandardCharsets.UTF_8).lines().toList();
    String last = String.join("\n  ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    return new IllegalStateException("%s %s %s%s".formatted(command.get(0), command.get(1), what,
        last.isEmpty() ? "." : ". Its last words:\n  " + last));
  }
}
