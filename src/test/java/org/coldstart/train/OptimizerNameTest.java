package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Map;
import org.coldstart.io.torch.Torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OptimizerNameTest {

  @ParameterizedTest
  @EnumSource
  void stateBytesAreThoseOfTheState(OptimizerName name) {
    try (NDManager manager = Torch.newManager()) {
      NDArray matrix = manager.zeros(new Shape(300, 257));
      NDArray other = manager.zeros(new Shape(64, 512));
      SftConfig config = SftConfig.builder().optim(name).build();
      try (Optimizer optimizer = Optimizer.of(Map.of("a", matrix, "b", other), config)) {
        long bytes = optimizer.state()
          .values()
          .stream()
          .mapToLong(state -> state.size() * state.getDataType().getNumOfBytes())
          .sum();
        assertEquals(bytes, name.stateBytes(matrix.size() + other.size()), 16);
      }
    }
  }
}
