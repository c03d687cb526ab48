package org.coldstart.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.coldstart.io.safetensors.StoredType;
import org.junit.jupiter.api.Test;

class SaveOptionsTest {
  @Test
  void theTypeIsTheModelsOwnOrTheOneAskedFor() {
    assertEquals(StoredType.BF16, SaveOptions.defaults().stored(DType.BF16));
    assertEquals(StoredType.F16, SaveOptions.defaults().in(DType.F16).maxShardSize(9).stored(DType.BF16));
  }

  @Test
  void aShardMustHoldAByte() {
    assertThrows(IllegalArgumentException.class, () -> SaveOptions.defaults().maxShardSize(0));
  }
}
