package org.coldstart.io.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.io.hub.HubException.Reason;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * One cache for Python and us: huggingface_hub itself reads what we fetched, and the other way round. Needs
 * COLDSTART_PYTHON, an interpreter with huggingface_hub (tried with 2.4.0).
 */
@Timeout(180)
class PythonCacheTest extends HubCase {
  private static final String PYTHON = System.getenv("COLDSTART_PYTHON");
  private static final String FETCH = "huggingface_hub.snapshot_download('owner/tiny')";

  @BeforeEach
  void needsPython() throws Exception {
    assumeTrue(PYTHON != null, "COLDSTART_PYTHON names no Python interpreter");
    Process probe = new ProcessBuilder(PYTHON, "-c", "import huggingface_hub").redirectErrorStream(true).start();
    probe.getInputStream().readAllBytes();
    assumeTrue(probe.waitFor() == 0, "COLDSTART_PYTHON has no huggingface_hub");
  }

  @Test
  void pythonFindsWhatWeFetched() throws Exception {
    Path folder = hub().downloadModel(NAME);
    String output = python(true, """
        from huggingface_hub import *
        print(snapshot_download('owner/tiny', local_files_only=True))
        print(snapshot_download('owner/tiny', revision='%s'))
        for name in ['config.json', 'model.safetensors']:
            print(try_to_load_from_cache('owner/tiny', name))
            print(hf_hub_download('owner/tiny', name))
        print(try_to_load_from_cache('owner/tiny', 'README.md'))
        cache = scan_cache_dir()
        repo, = cache.repos
        revision, = repo.revisions
        print(repo.repo_id, repo.repo_type, sorted(revision.refs), revision.commit_hash)
        print(sorted(f.file_name for f in revision.files), repo.size_on_disk, len(cache.warnings))
        """.formatted(repository.commit));
    String config = folder.resolve("config.json").toString();
    String model = folder.resolve("model.safetensors").toString();
    assertEquals(List.of(folder.toString(), folder.toString(), config, config, model, model, "None",
        "owner/tiny model ['main'] " + repository.commit,
        "['config.json', 'model.safetensors'] " + (weights.length + 8) + " 0"), output.lines().toList());
  }

  @Test
  void pythonFindsAPullRequestAndADataSetWeFetched() throws Exception {
    server.add("models/" + NAME, "refs/pr/1").file("config.json", "{}").file("model.safetensors", "w");
    server.add("datasets/owner/rows", "main").file("data/train.jsonl", "{}");
    Path model = hub().downloadModel(NAME + "@refs/pr/1");
    Hub.Snapshot rows = hub().snapshot(new HubRepository(HubRepository.Kind.DATA_SET, "owner/rows", "main"),
        HubRepository.Info::files);
    String output = python(true, """
        from huggingface_hub import *
        print(snapshot_download('owner/tiny', revision='refs/pr/1'))
        print(hf_hub_download('owner/rows', 'data/train.jsonl', repo_type='dataset'))
        """);
    assertEquals(List.of(model.toString(), rows.paths().get(0).toString()), output.lines().toList());
  }

  @Test
  void weFindWhatPythonFetched() throws Exception {
    String folder = python(false, "print(" + FETCH + ")").strip();
    server.requests.clear();
    assertEquals(folder, offline().downloadModel(NAME).toString());
    assertWeightsIn(Path.of(folder));
    assertEquals(folder, hub().downloadModel(NAME).toString());
    assertEquals(1, server.requests.size(), "only the information is requested");
    assertEquals(Path.of("../../blobs", LocalHub.sha256(weights)),
        Files.readSymbolicLink(Path.of(folder, "model.safetensors")));
  }

  @Test
  void weCompleteWhatPythonFetchedInPart() throws Exception {
    python(false, FETCH.replace(")", ", allow_patterns='*.json')"));
    fails(Reason.OFFLINE, () -> offline().downloadModel(NAME));
    assertWeightsIn(hub().downloadModel(NAME));
    assertEquals(1, ranges().size());
    python(true, FETCH.replace(")", ", allow_patterns=['*.json', 'model.safetensors'])"));
  }

  @Test
  void pythonCompletesWhatWeFetchedInPart() throws Exception {
    hub().downloadModel(NAME);
    server.requests.clear();
    python(false, FETCH);
    Set<String> contents = server.requests.stream()
      .filter(r -> r.method().equals("GET") && !r.path().startsWith("/api"))
      .filter(r -> r.server().equals("hub"))
      .map(r -> r.path().substring(r.path().lastIndexOf('/') + 1))
      .collect(Collectors.toSet());
    assertFalse(contents.contains("config.json"), contents.toString());
    assertTrue(contents.contains("README.md"), contents.toString());
    assertWeightsIn(offline().downloadModel(NAME));
  }

  @Test
  void bothAtOnceDoNotDisturbEachOther() throws Exception {
    CyclicBarrier both = new CyclicBarrier(2);
    for (int i = 0; i < 2; i++) {
      server.next("cdn GET .*/model.safetensors", (exchange, content) -> {
        try {
          both.await(60, TimeUnit.SECONDS);
        } catch (Exception e) {
          throw new IOException(e);
        }
        LocalHub.whole(exchange, content);
      });
    }
    Process python = start(false, FETCH.replace(")", ", allow_patterns='*.safetensors')"));
    Hub unhurried = new Hub(server.settings(cache), SILENT, HubClient.RetryPolicy.NORMAL);
    Hub.Snapshot ours = unhurried.snapshot(model(NAME), d -> List.of("model.safetensors"));
    String output = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, python.waitFor(), output);
    assertWeightsIn(ours.folder());
    try (Stream<Path> blobs = Files.list(storage().resolve("blobs"))) {
      for (Path blob : blobs.toList()) {
        assertFalse(blob.toString().endsWith(".incomplete"), blob.toString());
      }
    }
    assertArrayEquals(weights, Files.readAllBytes(storage().resolve("blobs").resolve(LocalHub.sha256(weights))));
  }

  private String python(boolean offline, String script) throws Exception {
    Process process = start(offline, script);
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }

  private Process start(boolean offline, String script) throws IOException {
    List<String> command = new ArrayList<>(List.of(PYTHON, "-W", "ignore", "-c"));
    command.add("import huggingface_hub\n" + script);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("HF_"));
    builder.environment()
      .putAll(Map.of("HF_HOME", cache.resolve("home").toString(), "HF_HUB_CACHE", cache.toString(), "HF_ENDPOINT",
          server.endpoint().toString(), "HF_HUB_OFFLINE", offline ? "1" : "0", "HF_HUB_DISABLE_PROGRESS_BARS", "1",
          "HF_HUB_DISABLE_TELEMETRY", "1", "NO_PROXY", "127.0.0.1"));
    return builder.start();
  }
}
