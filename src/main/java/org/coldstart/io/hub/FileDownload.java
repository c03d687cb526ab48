package org.coldstart.io.hub;

import java.io.IOException;
import java.io.OutputStream;
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
import org.coldstart.io.hub.HubClient.FileMetadata;
import org.coldstart.io.hub.HubException.Reason;

/**
 * Downloads one file's content into {@code blobs}: into {@code <etag>.incomplete} first, going on where an earlier
 * attempt stopped, then checked for size and checksum, then moved into place.
 */
final class FileDownload {
  private final HubClient client;
  private final RetryPolicy retry;
  private final DownloadMeter meter;
  private final FileMetadata file;
  private final Path blob;
  private final Path incomplete;

  FileDownload(HubClient client, RetryPolicy retry, DownloadMeter meter, FileMetadata file, Path blob) {
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
      if (have() > file.size()) { // another file's bytes
        Files.deleteIfExists(incomplete);
      }
      meter.found(have());
      checkSpace();
      fetch();
      if (isDamaged()) { // perhaps by what an earlier attempt left: once more from the start
        fetch();
        if (isDamaged()) {
          throw new HubException(Reason.DAMAGED,
              "The download of %s is damaged (its checksum is not %s) and was removed: try again.", file.name(),
              file.etag());
        }
      }
      Files.move(incomplete, blob, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  private void checkSpace() throws IOException {
    long missing = file.size() - have();
    long free = Files.getFileStore(blob.getParent()).getUsableSpace();
    if (missing > free) {
      throw new HubException(Reason.STORAGE,
          "%s needs %d MB and %s has only %d MB free: free some space or set HF_HOME to another disk.", file.name(),
          missing / 1_000_000, blob.getParent(), free / 1_000_000);
    }
  }

  /** Resumes until all announced bytes are here. */
  private void fetch() throws IOException {
    int failures = 0;
    for (boolean complete = Files.exists(incomplete) && have() == file.size(); !complete;) {
      long before = have();
      IOException failure = null;
      try {
        receive(before);
      } catch (IOException e) {
        failure = e;
      }
      complete = have() >= file.size();
      if (!complete) {
        failures = have() > before ? 1 : failures + 1;
        if (failures == retry.attempts()) {
          throw new HubException(Reason.UNREACHABLE,
              "The download of %s broke off after %d of %d bytes%s: try again, it goes on there.", file.name(), have(),
              file.size(), failure == null ? "" : " (" + failure.getMessage() + ")", failure);
        }
        retry.pause(failures, failure, file.name());
      }
    }
  }

  /** Appends the bytes of one answer to those that are here, or replaces them. */
  private void receive(long offset) throws IOException {
    try (FileChannel out = open()) {
      HttpResponse<?> response = client.get(file, offset, answer -> {
        String range = answer.headers().firstValue("Content-Range").orElse("");
        boolean rest = range.startsWith("bytes " + offset + "-");
        boolean partial = answer.statusCode() == 206;
        if (!partial || !rest) {
          startOver(out);
        }
        return partial && !rest ? null : bytes -> write(out, bytes);
      });
      if (response.statusCode() == 416) {
        startOver(out);
      }
    }
  }

  private FileChannel open() {
    try {
      return FileChannel.open(incomplete, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  /** More bytes than were announced are not waited for. */
  private void write(FileChannel out, byte[] bytes) {
    try {
      for (ByteBuffer part = ByteBuffer.wrap(bytes); part.hasRemaining();) {
        out.write(part);
      }
      meter.received(bytes.length);
      if (out.size() > file.size()) {
        throw new IllegalStateException("more bytes than announced");
      }
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  private void startOver(FileChannel out) {
    try {
      meter.found(-out.size());
      out.truncate(0);
    } catch (IOException e) {
      throw HubCache.storageError(incomplete, e);
    }
  }

  /** Whether the content is not what was announced; it is then removed. */
  private boolean isDamaged() throws IOException {
    long bytes = have();
    boolean damaged = bytes != file.size() || !matches(file.etag(), bytes);
    if (damaged) {
      meter.found(-bytes);
      Files.delete(incomplete);
    }
    return damaged;
  }

  /**
   * Compares content with its ETag: SHA-256 for large files, and for small ones SHA-1 over git's header
   * {@code "blob <size>\0"} and the content (<a href="https://git-scm.com/book/en/v2/Git-Internals-Git-Objects">git
   * objects</a>). Other ETags are no checksums.
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
