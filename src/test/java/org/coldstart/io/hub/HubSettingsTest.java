package org.coldstart.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubSettingsTest {
  @TempDir
  Path home;

  @Test
  void cacheFollowsTheVariablesInPythonsOrder() {
    assertEquals(home.resolve(".cache/huggingface/hub"), settings(Map.of()).cache());
    assertEquals(Path.of("/x/huggingface/hub"), settings(Map.of("XDG_CACHE_HOME", "/x")).cache());
    assertEquals(home.resolve("h/hub"), settings(Map.of("HF_HOME", "~/h", "XDG_CACHE_HOME", "/x")).cache());
    assertEquals(Path.of("/c"), settings(Map.of("HF_HUB_CACHE", "/c", "HF_HOME", "/h")).cache());
    assertEquals(home, settings(Map.of("HF_HUB_CACHE", "~")).cache());
  }

  @Test
  void endpointAndOffline() {
    assertEquals("https://huggingface.co", settings(Map.of()).endpoint().toString());
    assertEquals("http://mirror", settings(Map.of("HF_ENDPOINT", "http://mirror/")).endpoint().toString());
    assertTrue(settings(Map.of("HF_HUB_OFFLINE", "ON")).offline());
    assertFalse(settings(Map.of("HF_HUB_OFFLINE", "0")).offline());
    HubException e = assertThrows(HubException.class, () -> settings(Map.of("HF_ENDPOINT", "mirror")));
    assertTrue(e.getMessage().contains("HF_ENDPOINT"), e.getMessage());
  }

  @Test
  void tokenComesFromTheVariableOrTheLoginFileAndIsNeverShown() throws IOException {
    Files.createDirectories(home.resolve(".cache/huggingface"));
    Files.writeString(home.resolve(".cache/huggingface/token"), "from-login\n");
    Files.writeString(home.resolve("other"), "from-path");
    assertEquals(Optional.of("from-login"), settings(Map.of()).token());
    assertEquals(Optional.of("from-path"), settings(Map.of("HF_TOKEN_PATH", home.resolve("other").toString())).token());
    HubSettings settings = settings(Map.of("HF_TOKEN", "from-variable"));
    assertEquals(Optional.of("from-variable"), settings.token());
    assertFalse(settings.toString().contains("from-variable"));
  }

  @Test
  void offlineTakesPythonsWordsAndItsOwnVariableFirst() {
    for (String yes : List.of("1", "true", "TRUE", "Yes", "on")) {
      assertTrue(settings(Map.of("HF_HUB_OFFLINE", yes)).offline(), yes);
    }
    for (String no : List.of("0", "false", "2", "y", "")) {
      assertFalse(settings(Map.of("HF_HUB_OFFLINE", no)).offline(), no);
    }
    assertTrue(settings(Map.of("TRANSFORMERS_OFFLINE", "1")).offline());
    assertFalse(settings(Map.of("HF_HUB_OFFLINE", "0", "TRANSFORMERS_OFFLINE", "1")).offline());
  }

  @Test
  void aTokenThatNoHeaderCarriesIsRefusedUnseen() {
    for (String bad : List.of("se cret", "se\ncret", "sécret")) {
      HubException e = assertThrows(HubException.class, () -> settings(Map.of("HF_TOKEN", bad)));
      assertEquals(HubException.Reason.BAD_TOKEN, e.reason());
      assertFalse(e.getMessage().contains("cret"), e.getMessage());
    }
    assertEquals(Optional.empty(), settings(Map.of("HF_TOKEN", "t", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")).token());
  }

  @Test
  void anEndpointThatIsNoAddressIsRefused() {
    for (String bad : List.of("ftp://x", "https://", "http://my_hub:80", "http://u:p@x", "http://x/a?b",
        "http://x:y")) {
      assertThrows(HubException.class, () -> settings(Map.of("HF_ENDPOINT", bad)), bad);
    }
    assertEquals("http://x/mirror/hf", settings(Map.of("HF_ENDPOINT", "http://x/mirror/hf//")).endpoint().toString());
  }

  private HubSettings settings(Map<String, String> environment) {
    return HubSettings.fromEnvironment(environment, home);
  }
}
