package org.coldstart.io.hub;

import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.coldstart.io.hub.HubClient.FileMetadata;
import org.coldstart.io.hub.HubException.Reason;

/**
 * Downloads one file's content into {@code blobs}: into {@code <etag>.incomplete} first, going on
 * where an earlier attempt stopped, then checked for size and checksum, then moved into place.
 */
final class FileDownload {
  private final HubClient client;
  private final RetryPolicy retry;
  private final DownloadMeter meter;
  private final FileMetadata file;
  private final Path blob;
  private final Path incomplete;

  FileDownload(
      HubClient client, RetryPolicy retry, DownloadMeter meter, FileMetadata file, Path blob) {
    this.client = client;
    this.retry = retry;
    this.meter = meter;
    this.file = file;
    this.blob = blob;
    this.incomplete = blob.resolveSibling(file.etag() + ".incomplete");
  }

  /** Downloads the content, which is not there yet. */
  void run() {
    try {
      Files.createDirectories(blob.getParent());
      if (have() > file.size()) { // another file's bytes, or of a size that is not known
        Files.deleteIfExists(incomplete);
      }
      meter.found(have());
      checkSpace();
      fetch();
      check();
      Files.move(incomplete, blob, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  private void checkSpace() throws IOException {
    long missing = file.size() - have();
    long free = Files.getFileStore(blob.getParent()).getUsableSpace();
    if (missing > free) {
      throw new HubException(
          Reason.STORAGE,
          "%s needs %d MB and %s has only %d MB free: free some space or set HF_HOME to another disk.",
          file.name(), missing / 1_000_000, blob.getParent(), free / 1_000_000);
    }
  }

  private void fetch() throws IOException {
    int failures = 0;
    for (boolean complete = Files.exists(incomplete) && have() == file.size(); !complete; ) {
      long before = have();
      IOException failure = receive(before);
      complete = file.size() < 0 ? failure == null : have() >= file.size();
      if (!complete) {
        failures = have() > before ? 1 : failures + 1;
        if (failures == retry.attempts()) {
          throw new HubException(
              Reason.UNREACHABLE,
              "The download of %s broke off after %d bytes (%s): try again, it goes on there.",
              file.name(), have(), failure == null ? "cut" : failure.getMessage(), failure);
        }
        retry.pause(failures, failure, file.name());
      }
    }
  }

  /** Appends what one answer brings; returns why it ended early, or null. */
  private IOException receive(long offset) throws IOException {
    try (FileChannel out =
        FileChannel.open(incomplete, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      try {
        HttpResponse<?> response =
            client.get(
                file,
                offset,
                answer ->
                    isWanted(answer.statusCode(), answer.headers(), offset)
                        ? sink(out, answer.statusCode() == 200)
                        : null);
        if (isWanted(response.statusCode(), response.headers(), offset)) {
          return null;
        }
      } catch (IOException e) {
        return e;
      }
      startOver(out);
      return new IOException("the server has no bytes from " + offset + " on");
    }
  }

  /** Whether an answer brings the whole file, or what follows the bytes that are here. */
  private boolean isWanted(int status, HttpHeaders headers, long offset) {
    String size = file.size() < 0 ? "\\d+" : String.valueOf(file.size());
    return status == 200
        || status == 206
            && headers
                .firstValue("Content-Range")
                .orElse("")
                .matches("bytes " + offset + "-\\d+/(\\*|" + size + ")");
  }

  /** Writes bytes as they come; more than were announced are not waited for. */
  private Consumer<byte[]> sink(FileChannel out, boolean whole) {
    if (whole) {
      startOver(out);
    }
    return bytes -> {
      try {
        for (ByteBuffer part = ByteBuffer.wrap(bytes); part.hasRemaining(); ) {
          out.write(part);
        }
        meter.received(bytes.length);
        if (file.size() >= 0 && out.size() > file.size()) {
          throw new IllegalStateException("more bytes than announced");
        }
      } catch (IOException e) {
        throw HubCache.storageError(incomplete, e);
      }
    };
  }

  private void startOver(FileChannel out) {
    try {
      meter.found(-out.size());
      out.truncate(0);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  private void check() throws IOException {
    long bytes = have();
    if (file.size() >= 0 && bytes != file.size() || !matches(file.etag(), bytes)) {
      meter.found(-bytes);
      Files.delete(incomplete);
      throw new HubException(
          Reason.DAMAGED,
          "The download of %s is damaged (%d bytes, checksum not %s) and was removed: try again.",
          file.name(), bytes, file.etag());
    }
  }

  /**
   * Compares content with its ETag: SHA-256 for large files, and for small ones SHA-1 over git's
   * header {@code "blob <size>\0"} and the content (<a
   * href="https://git-scm.com/book/en/v2/Git-Internals-Git-Objects">git objects</a>). Other ETags
   * are no checksums.
   */
  private boolean matches(String etag, long bytes) throws IOException {
    boolean git = etag.matches("[0-9a-f]{40}");
    if (!git && !etag.matches("[0-9a-f]{64}")) {
      return true;
    }
    try {
      MessageDigest sha = MessageDigest.getInstance(git ? "SHA-1" : "SHA-256");
      if (git) {
        sha.update(("blob " + bytes + "\0").getBytes(StandardCharsets.US_ASCII));
      }
      Files.copy(incomplete, new DigestOutputStream(OutputStream.nullOutputStream(), sha));
      return etag.equals(HexFormat.of().formatHex(sha.digest()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // both are required of every Java platform
    }
  }

  private long have() throws IOException {
    return Files.exists(incomplete) ? Files.size(incomplete) : 0;
  }
}
