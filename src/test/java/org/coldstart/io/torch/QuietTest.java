package org.coldstart.io.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.coldstart.fixture.ParityCase;
import org.coldstart.lora.Lora;
import org.coldstart.lora.LoraConfig;
import org.coldstart.model.CausalLm;
import org.junit.jupiter.api.Test;

/** Libtorch writes warnings straight to the process's error output, where a notebook shows them. */
class QuietTest {

  @Test
  void nothingIsWrittenToTheConsole() throws IOException, InterruptedException {
    Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Dai.djl.offline=true", "-cp", System.getProperty("java.class.path"), QuietTest.class.getName())
      .redirectErrorStream(true)
      .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals("", output);
    assertEquals(0, process.waitFor());
  }

  /** A new adapter's first values, and an array filled. */
  public static void main(String[] args) {
    try (CausalLm model = ParityCase.of("llama-tied").model(); NDManager manager = Torch.newManager()) {
      Lora.attach(model, LoraConfig.builder().r(2).build());
      NDArray filled = manager.zeros(new Shape(2));
      TorchOps.fill(filled, new float[] {1, 2});
      NDArray scalar = manager.zeros(new Shape());
      TorchOps.fill(scalar, new float[] {3});
      if (filled.sum().getFloat() != 3 || scalar.getFloat() != 3) {
        throw new AssertionError("not filled");
      }
    }
  }
}
