package org.coldstart.tools.reasoning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.coldstart.evaluate.Equations;
import org.junit.jupiter.api.Test;

class ConversationEquationsTest {
  @Test
  void everyEquationInTheConversationsIsTrue() throws IOException {
    List<String> equations = new ArrayList<>();
    for (String part : List.of("train.jsonl", "test.jsonl")) {
      equations.addAll(Equations.in(Files.readString(Path.of("data/conversations", part))));
    }
    assertTrue(equations.size() >= 60, equations.size() + " equations");
    assertEquals(List.of(), equations.stream().filter(e -> !Equations.holds(e)).toList());
  }
}
