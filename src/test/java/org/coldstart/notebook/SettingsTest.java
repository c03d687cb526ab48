package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {

  @Test
  void theProfileChoosesAndAVariableBeatsIt() {
    Settings quick = Settings.from(Map.<String, String>of()::get).and("steps", 48, 562).and("model", "small", "large");
    Settings article = Settings.from(Map.of("COLDSTART_PROFILE", "article", "COLDSTART_ROWS", "7")::get)
      .and("steps", 48, 562)
      .and("rows", 1, 2);

    assertEquals(48, quick.integer("steps"));
    assertEquals("small", quick.text("model"));
    assertEquals(3e-4, quick.choose(3e-4, 1e-5));
    assertEquals(Profile.ARTICLE, article.profile());
    assertEquals(562, article.integer("steps"));
    assertEquals(7, article.integer("rows"));
  }

  @Test
  void theTableSaysWhereValuesComeFrom() {
    var table = Settings.from(Map.of("COLDSTART_STEPS", " 3 ")::get).and("steps", 48, 562).and("seed", 0, 0).toTable();

    assertEquals("[profile, steps, seed]", table.stringColumn("setting").asList().toString());
    assertEquals("[quick, 3, 0]", table.stringColumn("value").asList().toString());
    assertEquals("COLDSTART_STEPS", table.stringColumn("from").get(1));
  }

  @Test
  void aBlankVariableCountsAsUnset() {
    var table = Settings.from(Map.of("COLDSTART_PROFILE", " ", "COLDSTART_STEPS", "")::get)
      .and("steps", 48, 562)
      .toTable();

    assertEquals("[quick, 48]", table.stringColumn("value").asList().toString());
    assertEquals("[default; or article, profile]", table.stringColumn("from").asList().toString());
  }

  @Test
  void badValuesNameTheVariableAndWhatItMayBe() {
    assertMessage("COLDSTART_PROFILE is \"fast\"; it may be quick or article", Map.of("COLDSTART_PROFILE", "fast"),
        "steps");
    assertMessage("COLDSTART_STEPS is \"many\"; it may be a whole number from 1 to 2147483647",
        Map.of("COLDSTART_STEPS", "many"), "steps");
    assertMessage("COLDSTART_STEPS is \"0\"; it may be a whole number from 1 to 2147483647",
        Map.of("COLDSTART_STEPS", "0"), "steps");
    assertMessage("There is no setting \"stepz\"; the settings are model, steps, rows, prompts, seed", Map.of(),
        "stepz");
  }

  @Test
  void aSettingTheNotebookHasNotIsNamed() {
    Settings settings = Settings.from(Map.<String, String>of()::get).and("steps", 48, 562);

    assertEquals("This notebook has no setting \"rows\"; it has steps",
        assertThrows(IllegalArgumentException.class, () -> settings.integer("rows")).getMessage());
  }

  private static void assertMessage(String message, Map<String, String> environment, String name) {
    assertEquals(message,
        assertThrows(IllegalArgumentException.class, () -> Settings.from(environment::get).and(name, 1, 2))
          .getMessage());
  }

  @Test
  void weightsOfFourBitsAreNamed() {
    Settings settings = Settings.from(name -> null).and("model", "SmolLM2-135M-Instruct", "meta-llama/Llama-3.2-1B");
    assertTrue(settings.toString().contains("Q4_1, 4 bits for most, widened to f32"), settings.toString());
    Settings other = Settings.from(Map.of("COLDSTART_MODEL", "/a/model")::get).and("model", "a", "b");
    assertFalse(other.toString().contains("bits"), other.toString());
  }
}
