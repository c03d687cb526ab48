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
  void allTensorsHaveTheModelsTypeOrTheOneAskedFor() {
    TensorSource memory = new MemoryTensors().with("a", List.of(2L), 1, 2).with("b", List.of(1L), 3);
    assertEquals(List.of(StoredType.BF16, StoredType.BF16), types(SaveOptions.defaults(), memory));
    assertEquals(List.of(StoredType.F16, StoredType.F16), types(SaveOptions.defaults().in(DType.F16), memory));
  }

  private static List<StoredType> types(SaveOptions options, TensorSource source) {
    return options.tensors(source, DType.BF16).stream().map(TensorInfo::dtype).toList();
  }

  @Test
  void aShardMustHoldAByte() {
    assertThrows(IllegalArgumentException.class, () -> SaveOptions.defaults().maxShardSize(0));
  }
}
