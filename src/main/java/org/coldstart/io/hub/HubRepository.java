package org.coldstart.io.hub;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import org.coldstart.io.hub.HubException.Reason;

/**
 * A repository on the hub at one revision, and the addresses and folder names that follow from it.
 *
 * @param kind model or data set
 * @param name {@code owner/name}
 * @param revision branch, tag or commit; {@code main} by default
 */
public record HubRepository(Kind kind, String name, String revision) {
  /** The two kinds of repositories read here. */
  public enum Kind {
    /** Weights, configuration, tokenizer. */
    MODEL("model"),
    /** Rows. */
    DATA_SET("data set");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    private String plural() {
      return label.replace(" ", "") + "s";
    }

    @Override
    public String toString() {
      return label;
    }
  }

  /** As huggingface_hub's validators: no {@code --}, which stands for the slash in the cache. */
  private static final Pattern NAME = Pattern
    .compile("(?!.*(--|\\.\\.))\\w([\\w.-]{0,94}\\w)?/\\w([\\w.-]{0,94}\\w)?(?<!\\.git)");

  /** Revisions become file names under {@code refs}, so no part may begin with a dot. */
  private static final Pattern REVISION = Pattern.compile("(?!.*\\.\\.)[\\w+-][\\w.+-]*(/[\\w+-][\\w.+-]*)*");

  /**
   * Checks the name and the revision.
   *
   * @throws HubException if the name has not the form {@code owner/name} or the revision is none
   */
  public HubRepository {
    if (!NAME.matcher(name).matches()) {
      throw new HubException(Reason.BAD_NAME, "'%s' is no name on the hub, which has the form owner/name.", name);
    }
    if (!REVISION.matcher(revision).matches()) {
      throw new HubException(Reason.BAD_NAME, "'%s' is no revision of %s: give a branch, a tag or a commit.", revision,
          name);
    }
  }

  /**
   * Reads {@code owner/name} or {@code owner/name@revision}; empty when the text has another form.
   */
  public static Optional<HubRepository> parse(Kind kind, String text) {
    int at = text.indexOf('@');
    String name = at < 0 ? text : text.substring(0, at);
    String revision = at < 0 ? "main" : text.substring(at + 1);
    return NAME.matcher(name).matches() && REVISION.matcher(revision).matches()
        ? Optional.of(new HubRepository(kind, name, revision))
        : Optional.empty();
  }

  /** The same repository at another revision. */
  public HubRepository at(String otherRevision) {
    return new HubRepository(kind, name, otherRevision);
  }

  /** Folder in the cache, as Python names it: {@code models--owner--name}. */
  String folderName() {
    return kind.plural() + "--" + name.replace("/", "--");
  }

  /** Path of the information that lists the files. */
  String apiPath() {
    return "/api/" + kind.plural() + "/" + name + "/revision/" + encode(revision);
  }

  /** Path of one file's content at a commit. */
  String filePath(String commit, String file) {
    return pagePath() + "/resolve/" + encode(commit) + "/" + encode(file).replace("%2F", "/");
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
