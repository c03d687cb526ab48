package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;

/**
 * Makes the last step of a tokenizer.json: BOS in front of every text, EOS behind it, both or
 * neither.
 */
final class PostProcessor {
  private final JsonArray single = new JsonArray();
  private final JsonArray pair = new JsonArray();
  private final JsonObject table = new JsonObject();

  private PostProcessor() {}

  /**
   * @param bos the token in front, or null; @param eos the token behind, or null
   */
  static JsonElement of(AddedToken bos, AddedToken eos) {
    if (bos == null && eos == null) {
      return JsonNull.INSTANCE;
    }
    PostProcessor maker = new PostProcessor();
    maker.sequence(maker.single, "A", 0, bos, eos);
    maker.sequence(maker.pair, "A", 0, bos, eos);
    maker.sequence(maker.pair, "B", 1, bos, eos);
    JsonObject json = new JsonObject();
    json.addProperty("type", "TemplateProcessing");
    json.add("single", maker.single);
    json.add("pair", maker.pair);
    json.add("special_tokens", maker.table);
    return json;
  }

  private void sequence(JsonArray target, String name, int typeId, AddedToken bos, AddedToken eos) {
    special(target, bos, typeId);
    target.add(piece("Sequence", name, typeId));
    special(target, eos, typeId);
  }

  private void special(JsonArray target, AddedToken token, int typeId) {
    if (token == null) {
      return;
    }
    target.add(piece("SpecialToken", token.content(), typeId));
    JsonArray ids = new JsonArray();
    ids.add(token.id());
    JsonArray texts = new JsonArray();
    texts.add(token.content());
    JsonObject entry = new JsonObject();
    entry.addProperty("id", token.content());
    entry.add("ids", ids);
    entry.add("tokens", texts);
    table.add(token.content(), entry);
  }

  private static JsonObject piece(String kind, String id, int typeId) {
    JsonObject inner = new JsonObject();
    inner.addProperty("id", id);
    inner.addProperty("type_id", typeId);
    JsonObject piece = new JsonObject();
    piece.add(kind, inner);
    return piece;
  }
}
