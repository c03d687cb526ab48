package org.coldstart.hub;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;

/**
 * What a hub says about a repository at a revision.
 *
 * @param commit the commit the revision stands at
 * @param files  names of all files, sorted
 * @param card   the settings on top of the README, as the hub parsed them; empty when there are none
 */
public record Description(String commit, List<String> files, JsonObject card) {
    static Description fromJson(JsonObject json) {
        String commit = json.has("sha") ? json.get("sha").getAsString() : "";
        List<String> files = !json.has("siblings") ? List.of()
                : json.getAsJsonArray("siblings").asList().stream().map(JsonElement::getAsJsonObject)
                        .map(sibling -> sibling.get("rfilename").getAsString()).sorted().toList();
        JsonElement card = json.get("cardData");
        return new Description(commit, files, card != null && card.isJsonObject() ? card.getAsJsonObject() : new JsonObject());
    }
}
