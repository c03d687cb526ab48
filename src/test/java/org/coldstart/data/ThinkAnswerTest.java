package org.coldstart.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Only a reply in exactly the taught shape is read. */
class ThinkAnswerTest {

  @Test
  void whatIsFormattedIsReadBack() {
    ThinkAnswer reply = new ThinkAnswer("2 + 2 is\n4", "4");
    assertEquals("<think>2 + 2 is\n4</think><answer>4</answer>", reply.format());
    assertEquals(Optional.of(reply), ThinkAnswer.parse(reply.format()));
  }

  @Test
  void blanksAroundTheTagsAreNothing() {
    assertEquals(Optional.of(new ThinkAnswer("a", "b")),
        ThinkAnswer.parse("\n <think> a </think>\n\n<answer>\tb\n</answer> \n"));
  }

  @Test
  void otherTagsInsideAreText() {
    assertEquals(Optional.of(new ThinkAnswer("if a < b > c", "<b>$1 \\ 2</b>")),
        ThinkAnswer.parse("<think>if a < b > c</think><answer><b>$1 \\ 2</b></answer>"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "4", "<answer>4</answer>", "<think>a</think>", "<think>a</think><answer>4",
    "<think></think><answer>4</answer>", "<think>a</think><answer>  </answer>", "<answer>4</answer><think>a</think>",
    "<think>a<answer>4</think></answer>", "Well: <think>a</think><answer>4</answer>",
    "<think>a</think> so <answer>4</answer>", "<think>a</think><answer>4</answer>!",
    "<think>a</think><think>b</think><answer>4</answer>", "<think>a</think><answer>4</answer><answer>5</answer>",
    "<think><think>a</think><answer>4</answer>", "<THINK>a</THINK><ANSWER>4</ANSWER>"})
  void anyOtherShapeIsNone(String reply) {
    assertEquals(Optional.empty(), ThinkAnswer.parse(reply));
  }
}
