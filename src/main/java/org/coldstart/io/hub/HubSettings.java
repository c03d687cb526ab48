package org.coldstart.io.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Where the hub is, where its files are kept, and the token: the settings Python's huggingface_hub reads, under the
 * same names.
 *
 * @param endpoint address of the hub without a slash at the end (HF_ENDPOINT, {@code https://huggingface.co})
 * @param cache folder of the downloads, shared with Python (HF_HUB_CACHE, or {@code hub} in HF_HOME)
 * @param token access token for private and gated repositories (HF_TOKEN, or the file a login left in HF_HOME or at
 * HF_TOKEN_PATH, unless HF_HUB_DISABLE_IMPLICIT_TOKEN says not to send it)
 * @param offline true: use the cache only (HF_HUB_OFFLINE, else TRANSFORMERS_OFFLINE)
 * @param symlinks false: place files in the snapshot folders themselves, without links (HF_HUB_DISABLE_SYMLINKS)
 */
public record HubSettings(URI endpoint, Path cache, Optional<String> token, boolean offline, boolean symlinks) {
  /** The settings a process with these environment variables and this home folder has. */
  public static HubSettings fromEnvironment(Map<String, String> environment, Path userHome) {
    Path cacheHome = path(environment, "XDG_CACHE_HOME", userHome, userHome.resolve(".cache"));
    Path home = path(environment, "HF_HOME", userHome, cacheHome.resolve("huggingface"));
    Path cache = path(environment, "HF_HUB_CACHE", userHome, home.resolve("hub"));
    String endpoint = text(environment, "HF_ENDPOINT").orElse("https://huggingface.co").replaceAll("/+$", "");
    String offline = text(environment, "HF_HUB_OFFLINE").isPresent() ? "HF_HUB_OFFLINE" : "TRANSFORMERS_OFFLINE";
    return new HubSettings(address(endpoint), cache, token(environment, home, userHome), isTrue(environment, offline),
        !isTrue(environment, "HF_HUB_DISABLE_SYMLINKS"));
  }

  /** The token is never shown. */
  @Override
  public String toString() {
    return "HubSettings[endpoint=%s, cache=%s, token=%s, offline=%s]".formatted(endpoint, cache,
        token.isPresent() ? "set" : "none", offline);
  }

  private static Optional<String> token(Map<String, String> environment, Path home, Path userHome) {
    if (isTrue(environment, "HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
      return Optional.empty();
    }
    if (text(environment, "HF_TOKEN").isPresent()) {
      return text(environment, "HF_TOKEN").map(token -> checked(token, "HF_TOKEN"));
    }
    Path file = path(environment, "HF_TOKEN_PATH", userHome, home.resolve("token"));
    try {
      String token = Files.isRegularFile(file) ? Files.readString(file).strip() : "";
      return Optional.of(token).filter(t -> !t.isEmpty()).map(t -> checked(t, file.toString()));
    } catch (IOException e) {
      throw HubException.storage(file, e);
    }
  }

  /** What a header cannot carry is named without being shown. */
  private static String checked(String token, String place) {
    if (!token.matches("[!-~]+")) {
      throw new HubException(HubException.Reason.BAD_TOKEN,
          "%s holds no access token (it has spaces, line ends or letters beyond ASCII): copy it again, or unset it.",
          place);
    }
    return token;
  }

  private static URI address(String endpoint) {
    if (endpoint.matches("https?://[\\w.:\\[\\]-]+(/[\\w./~-]*)?")) {
      URI address = URI.create(endpoint);
      if (address.getHost() != null) { // for java.net.URI, a name with an underscore is none
        return address;
      }
    }
    throw new HubException(HubException.Reason.BAD_NAME,
        "HF_ENDPOINT is '%s': set it to an address that starts with https://, or unset it.", endpoint);
  }

  private static Path path(Map<String, String> environment, String name, Path userHome, Path otherwise) {
    return text(environment, name).map(p -> p.matches("~([/\\\\].*)?") ? userHome + p.substring(1) : p)
      .map(Path::of)
      .orElse(otherwise);
  }

  private static Optional<String> text(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).map(String::strip).filter(s -> !s.isEmpty());
  }

  private static boolean isTrue(Map<String, String> environment, String name) {
    return text(environment, name).filter(s -> s.matches("(?i)1|on|yes|true")).isPresent();
  }
}
