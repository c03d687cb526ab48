package org.coldstart.io.hub;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.coldstart.io.hub.HubException.Reason;
import org.coldstart.io.json.Json;

/**
 * A repository on the hub, {@code owner/name}, at one revision (a branch, a tag or a commit; {@code main} by default),
 * and the addresses and folder names that follow from it.
 */
public record HubRepository(Kind kind, String name, String revision) {
  /** The two kinds of repositories read here. */
  public enum Kind {
    MODEL, DATA_SET;

    private String plural() {
      return this == MODEL ? "models" : "datasets";
    }

    @Override
    public String toString() {
      return this == MODEL ? "model" : "data set";
    }
  }

  /** A file at a commit; the ETag names the content: SHA-256 of a large file, git's SHA-1 of a small one. */
  record RemoteFile(HubRepository repository, String commit, String name, String etag, long size) {
    /** Path of the content on the hub. */
    String path() {
      return repository.pagePath() + "/resolve/" + encode(commit) + "/" + encode(name).replace("%2F", "/");
    }
  }

  /**
   * What the hub says about a revision: its commit, its files by name, and the settings on top of the README.
   */
  public record Info(String commit, Map<String, RemoteFile> contents, JsonObject card) {

    /** The names of all files, sorted. */
    public List<String> files() {
      return contents.keySet().stream().sorted().toList();
    }

    private record Answer(String sha, List<Sibling> siblings, JsonElement cardData) {}

    private record Sibling(String rfilename, long size, String blobId, LargeFile lfs) {}

    private record LargeFile(String sha256, long size) {}

    /** Reads a hub's answer; empty when no hub answers so. */
    static Optional<Info> parse(HubRepository repository, String json) {
      try {
        Answer answer = new Gson().fromJson(Json.parse(json), Answer.class);
        Map<String, RemoteFile> files = answer.siblings.stream()
          .map(s -> s.lfs == null ? new RemoteFile(repository, answer.sha, s.rfilename, s.blobId, s.size)
              : new RemoteFile(repository, answer.sha, s.rfilename, s.lfs.sha256, s.lfs.size))
          .collect(Collectors.toMap(RemoteFile::name, file -> file, (first, second) -> second));
        JsonObject card = answer.cardData instanceof JsonObject known ? known : new JsonObject();
        return Optional.of(new Info(answer.sha, files, card))
          .filter(info -> HubCache.COMMIT.matcher(info.commit).matches())
          .filter(info -> files.values().stream().allMatch(file -> file.size >= 0 && ETAG.matcher(file.etag).matches()))
          .filter(info -> !files.containsKey(null));
      } catch (JsonParseException | NullPointerException e) {
        return Optional.empty(); // another kind of value, or none
      }
    }
  }

  private static final Pattern ETAG = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");

  /** As huggingface_hub's validators: no {@code --}, which stands for the slash in the cache. */
  private static final Pattern NAME = Pattern
    .compile("(?!.*(--|\\.\\.))\\w([\\w.-]{0,94}\\w)?/\\w([\\w.-]{0,94}\\w)?(?<!\\.git)");

  /** Revisions become file names under {@code refs}, so no part may begin with a dot. */
  private static final Pattern REVISION = Pattern.compile("(?!.*\\.\\.)[\\w+-][\\w.+-]*(/[\\w+-][\\w.+-]*)*");

  /** Fails if the name has not the form {@code owner/name} or the revision is none. */
  public HubRepository {
    if (!NAME.matcher(name).matches() || !REVISION.matcher(revision).matches()) {
      throw new HubException(Reason.BAD_NAME,
          "'%s@%s' is no name on the hub, which has the form owner/name or owner/name@revision.", name, revision);
    }
  }

  /** Reads {@code owner/name} or {@code owner/name@revision}; empty when the text has another form. */
  public static Optional<HubRepository> parse(Kind kind, String text) {
    String[] parts = text.split("@", 2);
    try {
      return Optional.of(new HubRepository(kind, parts[0], parts.length == 1 ? "main" : parts[1]));
    } catch (HubException e) {
      return Optional.empty();
    }
  }

  /** The same repository at another revision. */
  public HubRepository at(String otherRevision) {
    return new HubRepository(kind, name, otherRevision);
  }

  /** Folder in the cache, as Python names it: {@code models--owner--name}. */
  String folderName() {
    return kind.plural() + "--" + name.replace("/", "--");
  }

  /** Path of the information that lists the files with their sizes and checksums. */
  String apiPath() {
    return "/api/" + kind.plural() + "/" + name + "/revision/" + encode(revision) + "?blobs=true";
  }

  /** Path of the page a person reads. */
  String pagePath() {
    return kind == Kind.MODEL ? "/" + name : "/datasets/" + name;
  }

  @Override
  public String toString() {
    return kind + " " + name + (revision.equals("main") ? "" : " at revision " + revision);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
