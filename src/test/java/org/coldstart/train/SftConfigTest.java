package org.coldstart.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.Map;
import org.coldstart.model.Precision;
import org.junit.jupiter.api.Test;

/** A builder sets each setting by its name, and never the configurations built before. */
class SftConfigTest {

  private static final Map<Class<?>, Object> OTHERS = Map.of(double.class, 0.5, int.class, 3, long.class, 3L,
      boolean.class, true, LearningRateSchedule.class, LearningRateSchedule.COSINE, OptimizerName.class,
      OptimizerName.ADAMW_8BIT, Precision.class, Precision.BF16, Path.class, Path.of("out"), SaveStrategy.class,
      SaveStrategy.NO);

  @Test
  void eachSettingHasAMethodOfItsName() throws ReflectiveOperationException {
    SftConfig defaults = SftConfig.builder().build();
    for (RecordComponent setting : SftConfig.class.getRecordComponents()) {
      Object other = OTHERS.get(setting.getType());
      SftConfig.Builder builder = SftConfig.builder().outputDir(Path.of("elsewhere"));
      Object same = SftConfig.Builder.class.getMethod(setting.getName(), setting.getType()).invoke(builder, other);
      assertSame(builder, same, setting.getName());
      Object value = setting.getAccessor().invoke(builder.build());
      assertEquals(other, value, setting.getName());
      assertNotEquals(setting.getAccessor().invoke(defaults), value, setting.getName());
    }
  }

  @Test
  void aBuilderIsUsedAgain() {
    SftConfig.Builder builder = SftConfig.builder().maxSteps(5);
    SftConfig first = builder.adamBeta1(0.8).adamBeta2(0.9).build();
    SftConfig second = builder.maxSteps(7).build();
    assertEquals(5, first.maxSteps());
    assertEquals(7, second.maxSteps());
    assertEquals(0.8, second.adamBeta1());
    assertEquals(0.9, second.adamBeta2());
  }

  @Test
  void whatContradictsIsNamed() {
    SftConfig.Builder builder = SftConfig.builder().packing(true).groupByLength(true);
    String message = assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    assertTrue(message.contains("packing") && message.contains("groupByLength"), message);
  }
}
