package org.coldstart.io.hub;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.coldstart.io.hub.HubException.Reason;

/**
 * Downloads one file's content into {@code blobs}: into {@code <etag>.incomplete} first, going on
 * where an earlier attempt stopped, then checked for size and checksum, then moved into place.
 */
final class FileDownload {
  private final HubClient client;
  private final RetryPolicy patience;
  private final DownloadMeter meter;
  private final FileMetadata metadata;
  private final Path blob;
  private final Path incomplete;
  private long size;
  private String contentTag = "";

  FileDownload(
      HubClient client, RetryPolicy patience, DownloadMeter meter, FileMetadata metadata, Path blob) {
    this.client = client;
    this.patience = patience;
    this.meter = meter;
    this.metadata = metadata;
    this.blob = blob;
    this.incomplete = blob.resolveSibling(metadata.etag() + ".incomplete");
    this.size = metadata.size().orElse(-1);
  }

  /** Downloads the content, which is not there yet. */
  void run() {
    try {
      Files.createDirectories(blob.getParent());
      discardForeignRest();
      meter.found(have());
      checkSpace();
      fetch();
      check();
      Files.move(incomplete, blob, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  private void fetch() throws IOException {
    int failures = 0;
    for (boolean complete = Files.exists(incomplete) && have() == size; !complete; ) {
      long before = have();
      IOException failure = receive(before);
      complete = size < 0 ? failure == null : Files.exists(incomplete) && have() >= size;
      if (!complete) {
        failures = have() > before ? 1 : failures + 1;
        if (failures == patience.attempts()) {
          throw gaveUp(failure);
        }
        patience.pause(failures, failure, metadata.file());
      }
    }
    size = size < 0 ? have() : size;
  }

  /**
   * Appends what one answer brings; returns why it ended early, or null when the server closed it
   * properly.
   */
  private IOException receive(long offset) throws IOException {
    HttpResponse<IncomingBody> response;
    try {
      response = client.open(metadata, offset);
    } catch (IOException e) {
      return e;
    }
    try (IncomingBody body = response.body()) {
      boolean resumed = response.statusCode() == 206;
      if (resumed ? !isTheRest(response, offset) : response.statusCode() != 200) {
        startOver();
        return new IOException("the server has no bytes from " + offset + " on");
      }
      if (!resumed) {
        startOver();
        contentTag = response.headers().firstValue("ETag").orElse("");
        learnSize(response);
      }
      append(body, resumed ? offset : 0);
      return null;
    } catch (InterruptedIOException e) {
      throw HubException.interrupted(metadata.file(), e);
    } catch (IOException e) {
      return e;
    }
  }

  /** Copies the answer to the end of the file; more than was announced is not waited for. */
  private void append(IncomingBody body, long offset) throws IOException {
    try (FileChannel out = open()) {
      long bytes = offset;
      for (ByteBuffer part = body.next();
          part != null && (size < 0 || bytes <= size);
          part = body.next()) {
        int length = part.remaining();
        write(out, part);
        bytes += length;
        meter.received(length);
      }
    }
  }

  /**
   * Whether a partial answer goes on where the file ends, and belongs to a file of its size and to
   * the content of which the earlier answers were.
   */
  private boolean isTheRest(HttpResponse<?> response, long offset) {
    String tag = response.headers().firstValue("ETag").orElse(contentTag);
    if (!contentTag.isEmpty() && !tag.equals(contentTag)) {
      return false;
    }
    contentTag = tag;
    String range = response.headers().firstValue("Content-Range").orElse("");
    return range.matches("bytes " + offset + "-\\d+/(\\*|" + (size < 0 ? "\\d+" : size) + ")");
  }

  private void startOver() {
    try {
      contentTag = "";
      meter.found(-have());
      Files.deleteIfExists(incomplete);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  private FileChannel open() {
    try {
      return FileChannel.open(
          incomplete,
          StandardOpenOption.CREATE,
          StandardOpenOption.WRITE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  private void write(FileChannel out, ByteBuffer part) {
    try {
      while (part.hasRemaining()) {
        out.write(part);
      }
    } catch (ClosedByInterruptException e) {
      throw HubException.interrupted(metadata.file(), e);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  private void learnSize(HttpResponse<?> response) {
    if (size < 0) {
      size = response.headers().firstValueAsLong("Content-Length").orElse(-1);
      meter.expect(Math.max(size, 0));
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
      startOver();
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
}
