package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.coldstart.generate.Generation.Stop;
import org.coldstart.generate.Generation;
import org.junit.jupiter.api.Test;

class ReplyLengthsTest {

  private static Generation reply(int tokens, Stop stop) {
    return new Generation(new int[tokens], "", stop);
  }

  @Test
  void onlyTheModelsOwnEndsCount() {
    ReplyLengths lengths = new ReplyLengths(List.of(reply(1, Stop.END_TOKEN), reply(10, Stop.LENGTH),
        reply(4, Stop.INTERRUPTED), reply(3, Stop.END_TOKEN)));
    assertEquals(new Proportion(2, 4), lengths.ended());
    assertEquals(4.5, lengths.meanTokens());
    assertArrayEquals(new int[] {1, 10, 4, 3}, lengths.tokens());
  }

  @Test
  void ofNothingThereIsNoMean() {
    assertThrows(IllegalArgumentException.class, () -> new ReplyLengths(List.of()));
  }
}
