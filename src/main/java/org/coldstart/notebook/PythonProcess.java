package org.coldstart.notebook;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs Python scripts to their end, or says why they did not get there. */
record PythonProcess(Path interpreter, Duration limit) {

  private static final int LAST_LINES = 8;

  /** Nothing is fetched, nothing reported, and files are UTF-8 whatever the locale. */
  private static final Map<String, String> ENVIRONMENT = Map.of("HF_HUB_OFFLINE", "1", "TRANSFORMERS_OFFLINE", "1",
      "HF_HUB_DISABLE_TELEMETRY", "1", "TOKENIZERS_PARALLELISM", "false", "PYTHONUTF8", "1", "PYTHONDONTWRITEBYTECODE",
      "1");

  /** A temporary folder for what goes to and comes from a script; gone when closed. */
  record Exchange(Path folder) implements AutoCloseable {

    static Exchange create() throws IOException {
      return new Exchange(Files.createTempDirectory("coldstart-python"));
    }

    Path path(String name) {
      return folder.resolve(name);
    }

    @Override
    public void close() throws IOException {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  /**
   * Waits for the script's end; interrupting the thread ends the script.
   *
   * @throws IllegalStateException if the script fails, takes too long or is interrupted
   */
  void run(Path script, List<String> arguments) {
    try (Exchange files = Exchange.create()) {
      Path output = files.path("output.txt");
      Process child = start(script, arguments, output);
      try {
        if (!child.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
          throw failure(script, "took longer than " + limit.toSeconds() + " s", output);
        }
        if (child.exitValue() != 0) {
          throw failure(script, "failed with exit code " + child.exitValue(), output);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw failure(script, "was interrupted", output);
      } finally {
        child.destroyForcibly().onExit().join();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Could not run " + interpreter + " " + script, e);
    }
  }

  private Process start(Path script, List<String> arguments, Path output) throws IOException {
    List<String> command = new ArrayList<>(List.of(interpreter.toString(), script.toString()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().putAll(ENVIRONMENT);
    return builder.start();
  }

  private IllegalStateException failure(Path script, String what, Path output) throws IOException {
    // Python may end in the middle of a character, which readString would refuse
    List<String> lines = new String(Files.readAllBytes(output), StandardCharsets.UTF_8).lines().toList();
    String last = String.join("\n  ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    return new IllegalStateException(
        "%s %s %s%s".formatted(interpreter, script, what, last.isEmpty() ? "." : ". Its last words:\n  " + last));
  }
}
