package org.coldstart.io.hub;

import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpResponse.ResponseInfo;
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
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.coldstart.io.hub.HubException.Reason;
import org.coldstart.io.hub.HubRepository.RemoteFile;

/**
 * Downloads one file's content into {@code blobs}: into {@code <etag>.incomplete} first, going on where an earlier
 * attempt stopped, then checked for size and checksum, then moved into place.
 */
record FileDownload(HubClient client, Meter meter, RemoteFile file, Path blob) {

  /** Downloads the content, which is not there yet. */
  void run() {
    Path incomplete = incomplete();
    try {
      Files.createDirectories(blob.getParent());
      boolean good;
      try (FileChannel out = FileChannel.open(incomplete, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
        if (out.size() > file.size()) { // another file's bytes
          out.truncate(0);
        }
        meter.found(out.size());
        checkSpace(file.size() - out.size());
        good = fetch(out) || fetch(out); // what an earlier attempt left may be wrong: once more from the start
      }
      if (!good) {
        Files.delete(incomplete);
        throw new HubException(Reason.DAMAGED,
            "The download of %s is damaged (its checksum is not %s) and was removed: try again.", file.name(),
            file.etag());
      }
      Files.move(incomplete, blob, StandardCopyOption.ATOMIC_MOVE); // over what another process has just put there, too
    } catch (IOException e) {
      throw HubException.storage(incomplete, e);
    }
  }

  private Path incomplete() {
    return blob.resolveSibling(file.etag() + ".incomplete");
  }

  private void checkSpace(long missing) throws IOException {
    long free = Files.getFileStore(blob.getParent()).getUsableSpace();
    if (missing > free) {
      throw new HubException(Reason.STORAGE,
          "%s needs %d MB and %s has only %d MB free: free some space or set HF_HOME to another disk.", file.name(),
          missing / 1_000_000, blob.getParent(), free / 1_000_000);
    }
  }

  /** Resumes until all announced bytes are here; false if they are not the right ones, and are thrown away. */
  private boolean fetch(FileChannel out) throws IOException {
    for (int failures = 0; out.size() < file.size();) {
      long before = out.size();
      IOException failure = null;
      try {
        client.get(file, before, answer -> receiver(out, before, answer));
      } catch (IOException e) {
        failure = e;
      }
      if (out.size() < file.size()) {
        failures = out.size() > before ? 1 : failures + 1;
        if (failures == client.retry.attempts()) {
          throw new HubException(Reason.UNREACHABLE,
              "The download of %s broke off after %d of %d bytes%s: try again, it goes on there.", file.name(),
              out.size(), file.size(), failure == null ? "" : " (" + failure.getMessage() + ")", failure);
        }
        client.retry.pause(failures, failure, file.name());
      }
    }
    boolean good = out.size() == file.size() && checksum().equals(file.etag());
    if (!good) {
      startOver(out);
    }
    return good;
  }

  /** Appends the bytes of one answer to those that are here, or replaces them; null for bytes nobody asked for. */
  private Consumer<byte[]> receiver(FileChannel out, long offset, ResponseInfo answer) {
    int status = answer.statusCode();
    String range = answer.headers().firstValue("Content-Range").orElse("");
    boolean rest = status == 206 && range.startsWith("bytes " + offset + "-");
    if (!rest && (status == 200 || status == 206 || status == 416)) {
      startOver(out);
    }
    return rest || status == 200 ? bytes -> write(out, bytes) : null;
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
      throw HubException.storage(incomplete(), e);
    }
  }

  private void startOver(FileChannel out) {
    try {
      meter.found(-out.size());
      out.truncate(0);
    } catch (IOException e) {
      throw HubException.storage(incomplete(), e);
    }
  }

  /**
   * What the ETag has to be: SHA-256 for large files, and for small ones SHA-1 over git's header
   * {@code "blob <size>\0"} and the content (<a href="https://git-scm.com/book/en/v2/Git-Internals-Git-Objects">git
   * objects</a>).
   */
  private String checksum() throws IOException {
    boolean git = file.etag().length() == 40;
    try {
      MessageDigest sha = MessageDigest.getInstance(git ? "SHA-1" : "SHA-256");
      if (git) {
        sha.update(("blob " + file.size() + "\0").getBytes(StandardCharsets.US_ASCII));
      }
      Files.copy(incomplete(), new DigestOutputStream(OutputStream.nullOutputStream(), sha));
      return HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // both are required of every Java platform
    }
  }

  /** Adds up what the parallel downloads of one repository's files bring, and reports the sum. */
  static final class Meter {
    private final DownloadProgress progress;
    private final String source;
    private final int files;
    private final long total;
    private final long startNanos = System.nanoTime();
    private long bytes;
    private long received;

    Meter(DownloadProgress progress, String source, List<RemoteFile> files) {
      this.progress = progress;
      this.source = source;
      this.files = files.size();
      this.total = files.stream().mapToLong(RemoteFile::size).sum();
    }

    /** These bytes need no transfer; fewer than zero: what was here is thrown away. */
    synchronized void found(long count) {
      bytes += count;
    }

    synchronized void received(int count) {
      bytes += count;
      received += count;
      report(false);
    }

    /** At the end {@code done}: all files are here. */
    synchronized void report(boolean done) {
      long nanos = Math.max(1, System.nanoTime() - startNanos);
      progress.report(new DownloadProgress.State(source, files, done ? total : Math.min(bytes, total), total,
          Duration.ofNanos(nanos), received * 1e9 / nanos, done));
    }
  }
}
