package org.coldstart.io.hub;

import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * What the hub announces about a file before its content.
 *
 * @param repository the repository it belongs to
 * @param commit the commit it is read at
 * @param file its name in the repository
 * @param etag names the content: SHA-256 of a large file (64 hex digits), git's SHA-1 of a small
 *     one (40)
 * @param size bytes, when announced
 */
record FileMetadata(
    HubRepository repository, String commit, String file, String etag, OptionalLong size) {
  private static final Pattern SAFE_ETAG = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");

  /**
   * Reads an answer to HEAD; empty when it has no usable ETag. The X-Linked headers describe a
   * large file's content.
   */
  static Optional<FileMetadata> of(
      HubRepository repository, String commit, String file, HttpResponse<?> response) {
    HttpHeaders headers = response.headers();
    boolean redirects = response.statusCode() >= 300;
    OptionalLong own =
        redirects ? OptionalLong.empty() : headers.firstValueAsLong("Content-Length");
    OptionalLong linked = headers.firstValueAsLong("X-Linked-Size");
    return headers
        .firstValue("X-Linked-Etag")
        .or(() -> headers.firstValue("ETag"))
        .map(etag -> etag.replaceFirst("^W/", "").replace("\"", ""))
        .filter(etag -> SAFE_ETAG.matcher(etag).matches())
        .map(
            etag ->
                new FileMetadata(
                    repository, commit, file, etag, linked.isPresent() ? linked : own));
  }
}
