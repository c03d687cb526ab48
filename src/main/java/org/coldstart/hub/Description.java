package org.coldstart.hub;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What a hub says about a repository at a revision.
 *
 * @param commit the commit the revision stands at
 * @param files names of all files, sorted
 * @param card the settings on top of the README, as the hub parsed them; empty when there are none
 */
public record Description(String commit, List<String> files, JsonObject card) {
  /** Reads a hub's answer. */
  static Description fromJson(JsonObject json) {
    String commit = json.has("sha") ? json.get("sha").getAsString() : "";
    List<String> files = new ArrayList<>();
    if (json.has("siblings")) {
      json.getAsJsonArray("siblings")
          .forEach(file -> files.add(file.getAsJsonObject().get("rfilename").getAsString()));
    }
    Collections.sort(files);
    JsonElement card = json.get("cardData");
    return new Description(
        commit,
        List.copyOf(files),
        card != null && card.isJsonObject() ? card.getAsJsonObject() : new JsonObject());
  }

  /** Reads what {@link #toNote} wrote. */
  static Description fromNote(JsonObject note) {
    List<String> files = new ArrayList<>();
    note.getAsJsonArray("files").forEach(file -> files.add(file.getAsString()));
    return new Description(
        note.get("commit").getAsString(), List.copyOf(files), note.getAsJsonObject("card"));
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
