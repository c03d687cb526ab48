package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class OutputTest {

  @Test
  void everyModelHasItsOwnFolderForWhatWasTrainedFromIt() {
    assertEquals(Output.path("model/SmolLM2-135M-Instruct/final_model"), Output.finalModel("SmolLM2-135M-Instruct"));
    assertNotEquals(Output.finalModel("one/tiny"), Output.finalModel("another/tiny"));
  }

  @Test
  void noNameLeadsOutOfTheFolder() {
    Path models = Output.path("model");
    for (String name : new String[] {"/a/b", "../../a", "..", "C:\\a", "~/a b/ü.gguf"}) {
      Path folder = Output.finalModel(name);
      assertTrue(folder.normalize().getParent().getParent().equals(models), folder.toString());
    }
  }
}
