package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.coldstart.fixture.MemoryTensors;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.safetensors.TensorInfo;
import org.coldstart.io.safetensors.TensorSource;
import org.junit.jupiter.api.Test;

class SaveOptionsTest {
  @Test
  void keepKeepsTheTypeOfEachTensor() {
    TensorSource memory = new MemoryTensors() {
      @Override
      public StoredType storedAs(String name) {
        return switch (name) {
        case "a" -> StoredType.BF16;
        case "b" -> StoredType.F16;
        case "c" -> StoredType.Q4_K;
        default -> StoredType.F32;
        };
      }
    }.with("a", List.of(2L), 1, 2).with("b", List.of(1L), 3).with("c", List.of(1L), 4);
    SaveOptions keep = SaveOptions.defaults().keep();
    assertEquals(List.of(StoredType.BF16, StoredType.F16, StoredType.F32), types(keep, memory));
    assertEquals(List.of(StoredType.F32, StoredType.F32, StoredType.F32), types(SaveOptions.defaults(), memory));
    assertEquals(List.of(StoredType.BF16, StoredType.BF16, StoredType.BF16),
        types(SaveOptions.defaults().in(DType.BF16), memory));
  }

  private static List<StoredType> types(SaveOptions options, TensorSource source) {
    return options.tensors(source).stream().map(TensorInfo::dtype).toList();
  }

  @Test
  void aShardMustHoldAByte() {
    assertThrows(IllegalArgumentException.class, () -> SaveOptions.defaults().maxShardSize(0));
  }
}
