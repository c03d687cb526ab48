package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Set;

/**
 * Refuses the parts of a tokenizer.json that the native library cannot be trusted with.
 *
 * <p>It reports most mistakes as exceptions, but on those named here (tokenizers 0.21) it ends the process instead.
 */
final class Pipeline {
    private static final Set<String> NORMALIZERS = Set.of(
            "Sequence", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip", "StripAccents", "Prepend", "Replace", "Nmt",
            "BertNormalizer", "ByteLevel");
    private static final Set<String> PRE_TOKENIZERS = Set.of(
            "Sequence", "ByteLevel", "Digits", "Split", "Metaspace", "Whitespace", "WhitespaceSplit", "Punctuation",
            "BertPreTokenizer", "CharDelimiterSplit", "UnicodeScripts");
    private static final Set<String> POST_PROCESSORS =
            Set.of("Sequence", "ByteLevel", "TemplateProcessing", "BertProcessing", "RobertaProcessing");
    private static final Set<String> DECODERS =
            Set.of("Sequence", "ByteLevel", "ByteFallback", "Fuse", "Strip", "Replace", "Metaspace", "BPEDecoder");

    private final String origin;

    private Pipeline(String origin) {
        this.origin = origin;
    }

    /** Checks the model's kind and every step before and after it. */
    static void check(JsonObject root, String origin) {
        Pipeline pipeline = new Pipeline(origin);
        pipeline.model(root.getAsJsonObject("model"));
        pipeline.steps(root.get("normalizer"), "normalizer", "normalizers", NORMALIZERS);
        pipeline.steps(root.get("pre_tokenizer"), "pre_tokenizer", "pretokenizers", PRE_TOKENIZERS);
        pipeline.steps(root.get("post_processor"), "post_processor", "processors", POST_PROCESSORS);
        pipeline.steps(root.get("decoder"), "decoder", "decoders", DECODERS);
    }

    private void model(JsonObject model) {
        JsonElement type = model.get("type");
        boolean bpe = type == null ? model.has("merges") : type.getAsString().equals("BPE");
        if (!bpe) {
            throw new TokenizerException(origin + " holds a model of kind " + type + "; known is BPE, the kind of every "
                    + "Llama, SmolLM and Qwen");
        }
        model.getAsJsonArray("merges");
        // A prefix longer than a merged token makes the native library cut a string out of its bounds.
        if (!isBlank(model.get("continuing_subword_prefix"))) {
            throw new TokenizerException(origin + " uses continuing_subword_prefix, which is not supported");
        }
        JsonElement unknown = model.get("unk_token");
        if (!isBlank(unknown) && !model.getAsJsonObject("vocab").has(unknown.getAsString())) {
            throw new TokenizerException(origin + ": unk_token " + unknown + " is not in the vocabulary");
        }
    }

    private void steps(JsonElement step, String part, String children, Set<String> known) {
        if (step == null || step.isJsonNull()) {
            return;
        }
        JsonObject json = step.getAsJsonObject();
        JsonElement type = json.get("type");
        if (type == null || !known.contains(type.getAsString())) {
            throw new TokenizerException(origin + ": " + part + " of kind " + type + " is not known; known are "
                    + String.join(", ", known.stream().sorted().toList()));
        }
        switch (type.getAsString()) {
            case "Sequence" -> json.getAsJsonArray(children).forEach(child -> steps(child, part, children, known));
            case "Replace" -> replace(json, part);
            case "Strip" -> strip(json, part);
            case "TemplateProcessing" -> template(json);
            default -> {}
        }
    }

    /** An empty pattern makes the native library read past the end of the text. */
    private void replace(JsonObject json, String part) {
        JsonObject pattern = json.getAsJsonObject("pattern");
        if (!pattern.has("String") || pattern.get("String").getAsString().isEmpty()) {
            throw new TokenizerException(origin + ": the " + part + "'s Replace needs a text to look for, not " + pattern);
        }
    }

    /** The decoder's Strip counts back past the start of tokens shorter than {@code stop}. */
    private void strip(JsonObject json, String part) {
        if (part.equals("decoder") && json.get("stop").getAsInt() != 0) {
            throw new TokenizerException(origin + ": the decoder's Strip with stop " + json.get("stop") + " is not supported");
        }
    }

    /** A template that names a token its own table lacks ends the process at the first encode. */
    private void template(JsonObject json) {
        JsonObject table = json.getAsJsonObject("special_tokens");
        for (String form : new String[] {"single", "pair"}) {
            for (JsonElement piece : json.getAsJsonArray(form)) {
                JsonElement special = piece.getAsJsonObject().get("SpecialToken");
                if (special != null) {
                    named(table, special.getAsJsonObject().get("id").getAsString());
                }
            }
        }
    }

    private void named(JsonObject table, String name) {
        if (!table.has(name)) {
            throw new TokenizerException(origin + ": the post_processor uses the token \"" + name + "\" but does not define it");
        }
        JsonArray ids = table.getAsJsonObject(name).getAsJsonArray("ids");
        JsonArray tokens = table.getAsJsonObject(name).getAsJsonArray("tokens");
        if (ids.isEmpty() || ids.size() != tokens.size()) {
            throw new TokenizerException(origin + ": the post_processor's token \"" + name + "\" needs one id for each text");
        }
    }

    private static boolean isBlank(JsonElement value) {
        return value == null || value.isJsonNull() || value.getAsString().isEmpty();
    }
}
