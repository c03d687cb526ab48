package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Finding Python and hearing what went wrong with it; a shell script stands in for the interpreter.
 */
class PythonReaderTest {

  @TempDir
  Path folder;

  @Test
  void anErrorQuotesTheLastLines() throws IOException {
    Path interpreter = program("python", "seq 1 100 >&2; echo 'ValueError: no such folder' >&2; exit 3");
    String message = failure(new PythonReader(interpreter, Duration.ofSeconds(60)));
    assertTrue(message.contains("read_checkpoint.py failed with exit code 3"), message);
    assertTrue(message.endsWith("99\n  100\n  ValueError: no such folder"), message);
    assertFalse(message.contains("\n  90\n"), message);
  }

  @Test
  void aScriptThatHangsIsEnded() throws IOException {
    Path interpreter = program("python", "echo waiting; exec sleep 600");
    String message = failure(new PythonReader(interpreter, Duration.ofSeconds(1)));
    assertTrue(message.contains("took longer than 1 s. Its last words:\n  waiting"), message);
  }

  @Test
  void anInterruptEndsTheScriptAndStaysSet() throws IOException {
    Path interpreter = program("python", "exec sleep 600");
    Thread.currentThread().interrupt();
    String message = failure(new PythonReader(interpreter, Duration.ofSeconds(60)));
    assertTrue(Thread.interrupted());
    assertTrue(message.endsWith("read_checkpoint.py was interrupted."), message);
  }

  @Test
  void aHalfInstalledExtraIsNone() throws IOException {
    assertTrue(PythonReader.inCheckout(folder).isEmpty());
    program(".venv-python/bin/python", "exit 0");
    assertTrue(PythonReader.inCheckout(folder).isEmpty());
    Files.writeString(folder.resolve(".venv-python/.coldstart"), "stamp");
    assertTrue(PythonReader.inCheckout(folder).isPresent());
  }

  @Test
  void distanceIsTheLargest() {
    PythonReading reading = new PythonReading(Map.of(), List.of(), List.of(), List.of(), List.of(),
        new float[] {1, 2, 3}, new int[0], "");
    assertEquals(0.5, reading.logitDistance(new float[] {1, 1.5f, 3.25f}));
    assertEquals(Double.POSITIVE_INFINITY, reading.logitDistance(new float[] {1, Float.NaN, 3}));
    assertThrows(IllegalArgumentException.class, () -> reading.logitDistance(new float[] {1, 2}));
  }

  private String failure(PythonReader reader) {
    return assertThrows(IllegalStateException.class, () -> reader.read(folder, List.of("a"), new int[] {1}, 1))
      .getMessage();
  }

  private Path program(String name, String body) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    assertTrue(file.toFile().setExecutable(true));
    return file;
  }
}
