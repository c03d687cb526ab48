package org.coldstart.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.coldstart.io.hub.HubException.Reason;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Of a repository, only the files that are needed. */
class ModelFilesTest extends HubCase {
  private static final String INDEX = "{\"weight_map\": {\"a\": \"%s\", \"b\": \"%s\", \"c\": \"%s\"}}";
  private static final String FIRST = "model-00001-of-00002.safetensors";
  private static final String SECOND = "model-00002-of-00002.safetensors";
  private LocalHub.Repository large;

  @BeforeEach
  void addModelInParts() {
    large = server.add("models/owner/large", "main");
    for (String file : List.of("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json", "chat_template.jinja", "README.md", ".gitattributes",
        "pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json", "original/consolidated.00.pth",
        "consolidated.safetensors", "model-00001-of-00009.safetensors", "onnx/model.onnx", "large.Q4_K_M.gguf", FIRST,
        SECOND)) {
      large.file(file, "content of " + file);
    }
    large.file(ModelFiles.INDEX, INDEX.formatted(FIRST, SECOND, FIRST));
  }

  @Test
  void takesThePartsTheIndexNamesAndNothingElse() throws IOException {
    Path folder = hub().downloadModel("owner/large");
    assertEquals(Set.of("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json", "chat_template.jinja", ModelFiles.INDEX, FIRST, SECOND), names(folder));
    assertEquals(1, server.requests.stream().filter(r -> r.path().startsWith("/api")).count(),
        "one description is enough for both steps");
    server.requests.clear();
    assertEquals(folder, hub().downloadModel("owner/large"));
    assertEquals(1, server.requests.size());
    assertEquals(folder, offline().downloadModel("owner/large"));
  }

  @Test
  void oneFileGoesBeforePartsAsInTransformers() throws IOException {
    large.file("model.safetensors", "all");
    Set<String> files = names(hub().downloadModel("owner/large"));
    assertTrue(files.contains("model.safetensors"));
    assertFalse(files.contains(FIRST) || files.contains(ModelFiles.INDEX), files.toString());
  }

  @Test
  void aTokenizerComesWithoutTheWeights() throws IOException {
    Set<String> files = names(hub().downloadTokenizer("owner/large"));
    assertTrue(files.contains("tokenizer.json") && files.contains("config.json"));
    assertFalse(files.stream().anyMatch(f -> f.contains("safetensors")), files.toString());
    fails(Reason.OFFLINE, () -> offline().downloadModel("owner/large"));
    offline().downloadTokenizer("owner/large");
  }

  @Test
  void namesThePartThatTheRepositoryLacks() {
    large.files.remove(SECOND);
    HubException e = fails(Reason.FILE_NOT_FOUND, () -> hub().downloadModel("owner/large"));
    assertTrue(e.getMessage().contains(SECOND) && e.getMessage().contains("owner/large"), e.getMessage());
    fails(Reason.OFFLINE, () -> offline().downloadModel("owner/large"));
  }

  @Test
  void refusesAnIndexThatIsNone() {
    for (String index : List.of("[]", "{}", "no", "{\"weight_map\": 1}", "{\"weight_map\": {\"a\": []}}")) {
      LocalHub.Repository other = server.add("models/owner/odd", "r" + index.length()).file(ModelFiles.INDEX, index);
      HubException e = fails(Reason.DAMAGED, () -> hub().downloadModel("owner/odd@" + other.revision));
      assertTrue(e.getMessage().contains("weight_map"), e.getMessage());
    }
  }

  @Test
  void pathsInAnIndexDoNotLeaveTheFolder() {
    large.file(ModelFiles.INDEX, INDEX.formatted(FIRST, "../../../evil", FIRST));
    HubException e = fails(Reason.DAMAGED, () -> hub().downloadModel("owner/large"));
    assertTrue(e.getMessage().contains("'../../../evil'"), e.getMessage());
    assertFalse(Files.exists(cache.resolve("evil")));
  }

  @Test
  void saysThatThereAreNoSafetensors() {
    server.add("models/owner/old", "main").file("config.json", "{}").file("pytorch_model.bin", "w");
    HubException e = fails(Reason.FILE_NOT_FOUND, () -> hub().downloadModel("owner/old"));
    assertEquals("The model owner/old has no weights in safetensors (it has pytorch_model.bin): choose a"
        + " repository that has them, or convert the weights.", e.getMessage());
  }

  @Test
  void takesSafetensorsOfAnotherNameWhereThereIsNoStandardOne() throws IOException {
    server.add("models/owner/named", "main")
      .file("config.json", "{}")
      .file("weights.safetensors", "w")
      .file("sub/weights.safetensors", "w");
    assertEquals(Set.of("config.json", "weights.safetensors"), names(hub().downloadModel("owner/named")));
  }
}
