package org.coldstart.tokenizer;

import com.google.gson.Gson;
import com.google.gson.annotations.SerializedName;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What Python says, as environment/fixtures/make_tokenizers.py writes it. */
record Truth(Variant plain, Variant added, Variant special, List<String> tokens) {
    static final Path RESOURCES = Path.of("src/test/resources/tokenizer");
    static final Path TINY = RESOURCES.resolve("tiny");

    /** The tokens that the script adds. */
    static final String[] NEW = {"<think>", "</think>", "<answer>", "</answer>", "<思考>", "🧠💡"};

    record Variant(int size, int[] newIds, List<Case> texts) {}

    record Case(
            String text, int[] ids, int[][] offsets, int[] bare, int[] ordinary, String decoded,
            @SerializedName("skipped") String decodedWithoutSpecial) {
        List<Span> spans() {
            return java.util.Arrays.stream(offsets).map(o -> new Span(o[0], o[1])).toList();
        }
    }

    static Truth read(String name) {
        try {
            return new Gson().fromJson(Files.readString(RESOURCES.resolve(name)), Truth.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Tokenizer tiny() {
        return Tokenizer.fromPretrained(TINY);
    }
}
