package org.coldstart.io.json;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.BiFunction;

/**
 * Reads the files beside a model's weights. Each method takes the constructor of the exception to throw, of a message
 * and a cause, when a file is missing, too large, not UTF-8, cut or garbled; the message names the file.
 */
public final class JsonFiles {
  /** The largest real tokenizer.json known is 35 MB. */
  private static final long MAX_BYTES = 256L << 20;

  private JsonFiles() {}

  /** The one JSON object that the file holds. */
  public static JsonObject read(Path file, BiFunction<String, Throwable, ? extends RuntimeException> failure) {
    try {
      if (Json.parse(text(file, failure)) instanceof JsonObject object) {
        return object;
      }
      throw failure.apply(file + " is damaged (it does not hold a JSON object); fetch it again", null);
    } catch (JsonParseException e) {
      throw failure.apply(file + " is damaged (cut or not JSON: " + e.getMessage() + "); fetch it again", e);
    }
  }

  /** The text of the file. */
  public static String text(Path file, BiFunction<String, Throwable, ? extends RuntimeException> failure) {
    try {
      long bytes = Files.size(file);
      if (bytes <= MAX_BYTES) {
        return Files.readString(file);
      }
      throw failure.apply("%s has %d bytes, more than any such file needs (at most %d); is it the right file?"
        .formatted(file, bytes, MAX_BYTES), null);
    } catch (NoSuchFileException e) {
      throw failure.apply(file + " does not exist", e);
    } catch (CharacterCodingException e) {
      throw failure.apply(file + " is damaged (not UTF-8 text); fetch it again", e);
    } catch (IOException e) {
      throw failure.apply(file + " cannot be read: " + e.getMessage(), e);
    }
  }
}
