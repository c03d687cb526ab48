package org.coldstart.io.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Compares content with its ETag: SHA-256 for large files, and for small ones SHA-1 over git's
 * header {@code "blob <size>\0"} and the content (<a
 * href="https://git-scm.com/book/en/v2/Git-Internals-Git-Objects">git objects</a>).
 */
final class Checksum {
  private Checksum() {}

  /** False when the ETag is a checksum and the content has another one; other ETags say nothing. */
  static boolean matches(Path file, String etag) throws IOException {
    if (etag.matches("[0-9a-f]{64}")) {
      return etag.equals(digest(file, sha("SHA-256")));
    }
    if (etag.matches("[0-9a-f]{40}")) {
      MessageDigest sha = sha("SHA-1");
      sha.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
      return etag.equals(digest(file, sha));
    }
    return true;
  }

  private static String digest(Path file, MessageDigest sha) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        sha.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(sha.digest());
  }

  private static MessageDigest sha(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // both are required of every Java platform
    }
  }
}
