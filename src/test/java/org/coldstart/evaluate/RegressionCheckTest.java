package org.coldstart.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.coldstart.fixture.ParityCase;
import org.coldstart.fixture.TinyTokenizer;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Sampling;
import org.coldstart.model.CausalLm;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class RegressionCheckTest {

  private static final Perplexity ANY = new Perplexity(1, 1);

  private static RegressionCheck checkup(String... replies) {
    List<Generation> given = List.of(replies)
      .stream()
      .map(text -> new Generation(new int[] {1}, text, Generation.Stop.END_TOKEN))
      .toList();
    return new RegressionCheck(IntStream.range(0, replies.length).mapToObj(i -> "q" + i).toList(), given, ANY);
  }

  @Test
  void countsWhoSaysItAndWhatHasChanged() {
    RegressionCheck before = checkup("Yellow.", "Eight.", "Blue.");
    RegressionCheck after = checkup("Yellow.", "我学会了", "Oh, 我学会了!");
    assertEquals(new Proportion(0, 3), before.saying("我学会了"));
    assertEquals(new Proportion(2, 3), after.saying("我学会了"));
    assertEquals(new Proportion(2, 3), after.changedSince(before));
    assertEquals(new Proportion(0, 3), after.changedSince(after));
    assertThrows(IllegalArgumentException.class, () -> after.changedSince(checkup("a")));
    assertThrows(IllegalArgumentException.class, () -> new RegressionCheck(List.of("a"), List.of(), ANY));
  }

  @Test
  void repliesStandSideBySide() {
    Map<String, RegressionCheck> both = new LinkedHashMap<>();
    both.put("before", checkup("a", "b"));
    both.put("after", checkup("a", "c"));
    Table table = RegressionCheck.compare(both);
    assertEquals(List.of("question", "before", "after"), table.columnNames());
    assertEquals("c", table.getString(1, "after"));
  }

  @Test
  void asksEachQuestionByItselfHoweverManyThereAre() {
    try (Tokenizer tokenizer = TinyTokenizer.chat(); CausalLm model = ParityCase.of("llama-tied").model()) {
      model.resizeTokenEmbeddings(tokenizer);
      List<String> questions = IntStream.range(0, 35).mapToObj(i -> "What is " + i + " plus 3?").toList();
      RegressionCheck found = RegressionCheck.of(model, tokenizer, questions, List.of("a quiet harbour"), 5);
      Generator generator = new Generator(model, tokenizer);
      for (int i : new int[] {0, 17, 34}) {
        Generation alone = generator.chat(List.of(Message.user(questions.get(i))), Sampling.greedy(), 5);
        assertEquals(alone.text(), found.replies().get(i).text());
      }
      assertEquals(Perplexity.of(model, tokenizer, List.of("a quiet harbour")), found.heldOut());
    }
  }
}
