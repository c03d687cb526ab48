package org.coldstart.data.village;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.coldstart.data.DataRow;
import org.coldstart.data.DataSet;
import org.coldstart.data.Split;
import org.coldstart.data.village.Village.Villager;
import org.junit.jupiter.api.Test;

/** Stories state every fact and ask nothing; questions of held-out villagers stay held out. */
class VillageTest {

  private static final Village VILLAGE = Village.of(24, 42);

  @Test
  void aSeedDecidesEverything() {
    assertEquals(VILLAGE, Village.of(24, 42));
    assertNotEquals(VILLAGE, Village.of(24, 43));
    assertEquals(texts(VILLAGE.stories(50, 1)), texts(VILLAGE.stories(50, 1)));
    assertNotEquals(texts(VILLAGE.stories(50, 1)), texts(VILLAGE.stories(50, 2)));
  }

  @Test
  void namesDifferAndFactsAreSpreadEvenly() {
    Set<String> names = new HashSet<>();
    VILLAGE.villagers().forEach(v -> assertTrue(names.add(v.name()), v.name()));
    VILLAGE.villagers()
      .stream()
      .collect(Collectors.groupingBy(Villager::home, Collectors.counting()))
      .values()
      .forEach(count -> assertEquals(2, count));
    assertEquals(32, Village.of(32, 1).villagers().size());
  }

  @Test
  void aStoryTellsTheFactsOfOneVillagerAndLeavesNoPlaceholder() {
    for (DataRow row : VILLAGE.stories(500, 3)) {
      String story = row.text("text");
      List<Villager> about = VILLAGE.villagers()
        .stream()
        .filter(v -> story.matches(".*\\b" + v.name() + "\\b.*"))
        .toList();
      assertEquals(1, about.size(), story);
      Villager v = about.get(0);
      for (String fact : List.of(v.home(), v.job(), v.pet(), v.food())) {
        assertTrue(story.contains(fact), story);
      }
      assertFalse(story.matches(".*\\b[B-Z]\\b.*"), story);
      assertFalse(story.contains("?") || story.contains("Question"), story);
      assertFalse(story.matches("(She|He) .*"), "begins with a pronoun: " + story);
    }
  }

  @Test
  void storiesVary() {
    assertTrue(new HashSet<>(texts(VILLAGE.stories(500, 3))).size() > 490);
  }

  @Test
  void questionsOfHeldOutVillagersAreInTestingOnly() {
    Split questions = VILLAGE.questions(6);
    assertEquals(18 * 4, questions.train().size());
    assertEquals(6 * 4, questions.test().size());
    String asked = String.join("\n", texts(questions.train()));
    for (Villager v : VILLAGE.villagers().subList(18, 24)) {
      assertFalse(asked.contains(v.name()), v.name());
    }
    DataRow first = questions.train().get(0);
    Villager v = VILLAGE.villagers().get(0);
    assertEquals("Question: Where does " + v.name() + " live?\nAnswer:", first.text("prompt"));
    assertEquals(" " + v.pronoun() + " lives in the " + v.home() + ".", first.text("completion"));
  }

  @Test
  void impossibleVillagesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Village.of(0, 1));
    assertThrows(IllegalArgumentException.class, () -> Village.of(33, 1));
    assertThrows(IllegalArgumentException.class, () -> VILLAGE.questions(25));
  }

  private static List<String> texts(DataSet rows) {
    return rows.stream().map(row -> row.values().toString()).toList();
  }
}
