package org.coldstart.tokenizer;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.coldstart.checkpoint.AtomicFiles;

/** Writes a tokenizer's folder, each file as a whole or not at all. */
final class TokenizerWriter {
  private static final Gson PRETTY =
      new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().serializeNulls().create();

  private TokenizerWriter() {}

  static void write(TokenizerParts parts, Path folder) {
    try {
      Files.createDirectories(folder);
      AtomicFiles.writeString(folder.resolve(TokenizerParts.FILE), pretty(parts.json().json()));
      AtomicFiles.writeString(folder.resolve(TokenizerConfig.FILE), pretty(parts.savedConfig()));
      AtomicFiles.writeString(
          folder.resolve(TokenizerConfig.TOKEN_ROLES_FILE), pretty(parts.savedRoles()));
      writeTemplate(parts.config(), folder.resolve(TokenizerConfig.TEMPLATE_FILE));
    } catch (IOException e) {
      throw new TokenizerException(folder + " cannot be written: " + e.getMessage(), e);
    }
  }

  private static String pretty(JsonObject json) {
    return PRETTY.toJson(json) + "\n";
  }

  /**
   * The template stands in tokenizer_config.json for older readers and in its own file for newer
   * ones, which prefer the file; so one left by another tokenizer must go. Several templates stand
   * in the config alone: the file has room for one and would hide the others.
   */
  private static void writeTemplate(TokenizerConfig config, Path file) throws IOException {
    if (config.hasSingleTemplate()) {
      AtomicFiles.writeString(file, config.chatTemplate().orElseThrow());
    } else {
      Files.deleteIfExists(file);
    }
  }
}
