package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import java.nio.file.Path;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.Warnings;
import org.coldstart.io.torch.TorchOps;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights that are no numbers are loaded, and named. */
class NotFiniteTest {

  @ParameterizedTest
  @CsvSource({"NaN, F32", "NaN, BF16", "NaN, F16", "Infinity, F32", "-Infinity, BF16"})
  void areNamedInAWarning(float value, DType dtype, @TempDir Path folder) {
    String name = "model.layers.1.mlp.up_proj.weight";
    try (CausalLm model = ParityCase.of("llama-tied").model();
        NDArray bad = model.embedding().getManager().create(new float[][] {{value}})) {
      TorchOps.write(TorchOps.slice(model.parameters().get(name), 1, 3, 1), bad, 0, 7);
      model.savePretrained(folder, dtype);
    }
    try (Warnings warnings = new Warnings()) {
      CausalLm.fromPretrained(folder).close();
      warnings.assertOne(name, folder.toString(), "NaN");
    }
    try (Warnings warnings = new Warnings()) {
      ParityCase.of("llama-tied").model().close();
      warnings.assertNone();
    }
  }
}
