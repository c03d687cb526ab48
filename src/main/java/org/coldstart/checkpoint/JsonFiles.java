package org.coldstart.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads the JSON files of a checkpoint. */
final class JsonFiles {
    /** Far more than the index of the largest model. */
    private static final long MAX_BYTES = 100_000_000;

    private JsonFiles() {}

    /** @throws CheckpointException if the file is missing or holds no JSON object */
    static JsonObject read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new CheckpointException(file + " has " + Files.size(file) + " bytes, too many for a JSON file.");
            }
            JsonElement json = JsonParser.parseString(Files.readString(file));
            if (!json.isJsonObject()) {
                throw new CheckpointException(file + " does not hold a JSON object.");
            }
            return json.getAsJsonObject();
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file + " is not UTF-8; it is damaged.", e);
        } catch (IOException e) {
            throw new CheckpointException("Cannot read " + file + ": " + e, e);
        } catch (JsonParseException | NumberFormatException e) {
            throw new CheckpointException(file + " is not JSON: " + e.getMessage(), e);
        }
    }
}
