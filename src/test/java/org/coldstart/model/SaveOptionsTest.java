package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.coldstart.fixture.MemoryTensors;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.DType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;
import org.junit.jupiter.api.Test;

class SaveOptionsTest {
  @Test
  void keepKeepsTheTypeOfEachTensor() {
    TensorSource memory =
        new MemoryTensors() {
          @Override
          public DType storedAs(String name) {
            return switch (name) {
              case "a" -> DType.BF16;
              case "b" -> DType.F16;
              case "c" -> DType.Q4_K;
              default -> DType.F32;
            };
          }
        }.with("a", List.of(2L), 1, 2).with("b", List.of(1L), 3).with("c", List.of(1L), 4);
    SaveOptions keep = SaveOptions.defaults().keep();
    assertEquals(List.of(DType.BF16, DType.F16, DType.F32), types(keep, memory));
    assertEquals(
        List.of(DType.F32, DType.F32, DType.F32), types(SaveOptions.defaults(), memory));
    assertEquals(
        List.of(DType.BF16, DType.BF16, DType.BF16),
        types(SaveOptions.defaults().in(DType.BF16), memory));
  }

  private static List<DType> types(SaveOptions options, TensorSource source) {
    return options.tensors(source).stream().map(TensorInfo::dtype).toList();
  }

  @Test
  void optionsThatMakeNoSenseAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> SaveOptions.defaults().maxShardSize(0));
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> SaveOptions.defaults().in(DType.Q8_0));
    assertTrue(e.getMessage().contains("Q8_0"), e.getMessage());
  }
}
