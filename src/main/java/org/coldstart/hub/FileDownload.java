package org.coldstart.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.coldstart.hub.HubException.Reason;

/**
 * Downloads one file's content into {@code blobs}: into {@code <etag>.incomplete} first, going on
 * where an earlier attempt stopped, then checked for size and checksum, then moved into place.
 */
final class FileDownload {
  private static final int FAILURES_IN_A_ROW = 5;
  private static final long FIRST_PAUSE_MILLIS = 100;
  private static final Duration STALL = Duration.ofSeconds(30);

  private final HubClient client;
  private final DownloadProgress progress;
  private final FileMetadata metadata;
  private final Path blob;
  private final Path incomplete;
  private long size;

  FileDownload(HubClient client, DownloadProgress progress, FileMetadata metadata, Path blob) {
    this.client = client;
    this.progress = progress;
    this.metadata = metadata;
    this.blob = blob;
    this.incomplete = blob.resolveSibling(metadata.etag() + ".incomplete");
    this.size = metadata.size().orElse(-1);
  }

  /** Downloads the content, unless it is there already. */
  void run() {
    if (Files.exists(blob)) {
      return;
    }
    try {
      Files.createDirectories(blob.getParent());
      discardForeignRest();
      checkSpace();
      fetch();
      check();
      Files.move(incomplete, blob, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
    progress.report(metadata.file(), size, size);
  }

  private void fetch() throws IOException {
    int failures = 0;
    for (boolean complete = Files.exists(incomplete) && have() == size; !complete; ) {
      long before = have();
      IOException failure = receive(before);
      complete = size < 0 ? failure == null : have() >= size;
      if (!complete) {
        failures = have() > before ? 1 : failures + 1;
        if (failures == FAILURES_IN_A_ROW) {
          throw gaveUp(failure);
        }
        pause(FIRST_PAUSE_MILLIS << failures);
      }
    }
    size = size < 0 ? have() : size;
  }

  /**
   * Appends what one answer brings; returns why it ended early, or null when the server closed it
   * properly.
   */
  private IOException receive(long offset) {
    HttpResponse<InputStream> response;
    try {
      response = client.open(metadata.repository(), metadata.commit(), metadata.file(), offset);
    } catch (IOException e) {
      return e;
    }
    boolean resumed = response.statusCode() == 206;
    learnSize(response, resumed);
    try (InputStream in = response.body();
        StallGuard guard = new StallGuard(in, STALL);
        OutputStream out = open(resumed)) {
      byte[] buffer = new byte[1 << 16];
      long bytes = resumed ? offset : 0;
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        append(out, buffer, n);
        guard.progress();
        bytes += n;
        if (bytes < size) {
          progress.report(metadata.file(), bytes, size);
        }
      }
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  private OutputStream open(boolean resumed) {
    try {
      return Files.newOutputStream(
          incomplete,
          StandardOpenOption.CREATE,
          StandardOpenOption.WRITE,
          resumed ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  private void append(OutputStream out, byte[] buffer, int length) {
    try {
      out.write(buffer, 0, length);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  private void learnSize(HttpResponse<?> response, boolean resumed) {
    if (size < 0 && !resumed) {
      size = response.headers().firstValueAsLong("Content-Length").orElse(-1);
    }
  }

  private void discardForeignRest() throws IOException {
    if (size >= 0 && have() > size || size < 0) {
      Files.deleteIfExists(incomplete);
    }
  }

  private void checkSpace() throws IOException {
    long free = Files.getFileStore(blob.getParent()).getUsableSpace();
    if (size - have() > free) {
      throw new HubException(
          Reason.STORAGE,
          "%s needs %d MB and %s has only %d MB free: free some space or set HF_HOME to another disk."
              .formatted(
                  metadata.file(),
                  (size - have()) / 1_000_000,
                  blob.getParent(),
                  free / 1_000_000));
    }
  }

  private void check() throws IOException {
    if (have() != size || !Checksum.matches(incomplete, metadata.etag())) {
      long got = have();
      Files.deleteIfExists(incomplete);
      throw new HubException(
          Reason.DAMAGED,
          "The download of %s is damaged (%d bytes, checksum not %s) and was removed: try again."
              .formatted(metadata.file(), got, metadata.etag()));
    }
  }

  private HubException gaveUp(IOException failure) throws IOException {
    return new HubException(
        Reason.UNREACHABLE,
        "The download of %s broke off at %d of %s bytes%s: try again, it goes on there."
            .formatted(
                metadata.file(),
                have(),
                size < 0 ? "?" : size,
                failure == null ? "" : " (" + failure.getMessage() + ")"),
        failure);
  }

  private long have() throws IOException {
    return Files.exists(incomplete) ? Files.size(incomplete) : 0;
  }

  private void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException(
          Reason.INTERRUPTED,
          "Interrupted while downloading "
              + metadata.file()
              + ": ask again, and it goes on where it stopped.",
          e);
    }
  }
}
