package org.coldstart.io.hub;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * What a hub says about a repository at a revision.
 *
 * @param commit the commit the revision stands at
 * @param files names of all files, sorted
 * @param card the settings on top of the README, as the hub parsed them; empty when there are none
 */
public record RepoInfo(String commit, List<String> files, JsonObject card) {
  /** Reads a hub's answer; empty when no hub answers so. */
  static Optional<RepoInfo> fromJson(JsonObject json) {
    return read(json.get("sha"), json.get("siblings"), "rfilename", json.get("cardData"));
  }

  /** Reads what {@link #toNote} wrote; empty when it did not write this. */
  static Optional<RepoInfo> fromNote(JsonObject note) {
    return read(note.get("commit"), note.get("files"), "", note.get("card"));
  }

  private static Optional<RepoInfo> read(
      JsonElement commit, JsonElement names, String field, JsonElement card) {
    if (!isText(commit)
        || !HubCache.COMMIT.matcher(commit.getAsString()).matches()
        || names != null && !names.isJsonArray()) {
      return Optional.empty();
    }
    List<String> files = new ArrayList<>();
    for (JsonElement entry : names == null ? new JsonArray() : names.getAsJsonArray()) {
      JsonElement name = entry.isJsonObject() ? entry.getAsJsonObject().get(field) : entry;
      if (!isText(name)) {
        return Optional.empty();
      }
      files.add(name.getAsString());
    }
    Collections.sort(files);
    return Optional.of(
        new RepoInfo(
            commit.getAsString(),
            List.copyOf(files),
            card != null && card.isJsonObject() ? card.getAsJsonObject() : new JsonObject()));
  }

  private static boolean isText(JsonElement value) {
    return value != null && value.isJsonPrimitive() && value.getAsJsonPrimitive().isString();
  }

  /** The description as the cache keeps it. */
  JsonObject toNote() {
    JsonArray names = new JsonArray();
    files.forEach(names::add);
    JsonObject note = new JsonObject();
    note.addProperty("commit", commit);
    note.add("files", names);
    note.add("card", card);
    return note;
  }
}
