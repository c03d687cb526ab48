package org.coldstart.io.hub;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;

/**
 * What a hub says about a repository at a revision.
 *
 * @param commit the commit the revision points to
 * @param files names of all files, sorted
 * @param card the settings on top of the README, as the hub parsed them; empty when there are none
 */
public record RepoInfo(String commit, List<String> files, JsonObject card) {
  /** Reads a hub's answer; empty when no hub answers so. */
  static Optional<RepoInfo> fromJson(JsonObject json) {
    try {
      JsonElement siblings = json.has("siblings") ? json.get("siblings") : new JsonArray();
      List<String> files = StreamSupport.stream(siblings.getAsJsonArray().spliterator(), false)
        .map(sibling -> text(sibling.getAsJsonObject().get("rfilename")))
        .sorted()
        .toList();
      JsonElement card = json.get("cardData");
      return Optional.of(text(json.get("sha")))
        .filter(commit -> HubCache.COMMIT.matcher(commit).matches())
        .map(commit -> new RepoInfo(commit, files, card instanceof JsonObject known ? known : new JsonObject()));
    } catch (IllegalStateException e) {
      return Optional.empty(); // another kind of value
    }
  }

  private static String text(JsonElement value) {
    if (value == null || !value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
      throw new IllegalStateException();
    }
    return value.getAsString();
  }

  /** What {@link #fromJson} reads. */
  String toJson() {
    List<?> siblings = files.stream().map(file -> Map.of("rfilename", file)).toList();
    return new Gson().toJson(Map.of("sha", commit, "siblings", siblings, "cardData", card));
  }
}
