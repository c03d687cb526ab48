package org.coldstart.tokenizer;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads JSON objects strictly, so that a cut or garbled file is an error that names it, and writes them legibly. */
final class JsonFiles {
    /** The largest real tokenizer.json known is 35 MB; past this a file is not read into memory at all. */
    private static final long MAX_BYTES = 256L << 20;

    private static final Gson PRETTY =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().serializeNulls().create();

    private JsonFiles() {}

    static JsonObject read(Path file) {
        return parse(text(file), file.toString());
    }

    static String text(Path file) {
        try {
            long bytes = Files.size(file);
            if (bytes > MAX_BYTES) {
                throw new TokenizerException(file + " has " + bytes + " bytes, more than any tokenizer file needs (at most "
                        + MAX_BYTES + "); is it the right file?");
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new TokenizerException(file + " does not exist", e);
        } catch (CharacterCodingException e) {
            throw new TokenizerException(file + " is damaged (not UTF-8 text); fetch it again", e);
        } catch (IOException e) {
            throw new TokenizerException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Parses one JSON object and nothing after it.
     *
     * @param origin what the text is called in the error
     */
    static JsonObject parse(String text, String origin) {
        JsonReader reader = new JsonReader(new StringReader(text));
        reader.setStrictness(Strictness.STRICT);
        try {
            JsonElement root = JsonParser.parseReader(reader);
            if (root.isJsonObject() && reader.peek() == JsonToken.END_DOCUMENT) {
                return root.getAsJsonObject();
            }
            throw new TokenizerException(origin + " is damaged (not one JSON object); fetch it again");
        } catch (JsonParseException | IOException e) {
            throw new TokenizerException(
                    origin + " is damaged (cut or not JSON at " + reader.getPath() + "); fetch it again", e);
        }
    }

    static String pretty(JsonObject json) {
        return PRETTY.toJson(json) + "\n";
    }
}
