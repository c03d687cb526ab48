package org.coldstart.tokenizer;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointFiles;

/** Writes a tokenizer's files into a folder: all of them or none. */
final class TokenizerWriter {
  private static final Gson PRETTY =
      new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().serializeNulls().create();

  private TokenizerWriter() {}

  static void write(TokenizerParts parts, Path folder) {
    AtomicFiles.writeFolder(
        folder,
        CheckpointFiles::isTokenizer,
        aside -> {
          Files.writeString(aside.resolve(TokenizerParts.FILE), pretty(parts.json().json()));
          Files.writeString(aside.resolve(TokenizerConfig.FILE), pretty(parts.savedConfig()));
          Files.writeString(
              aside.resolve(TokenizerConfig.TOKEN_ROLES_FILE), pretty(parts.savedRoles()));
          writeTemplate(parts.config(), aside.resolve(TokenizerConfig.TEMPLATE_FILE));
        });
  }

  private static String pretty(JsonObject json) {
    return PRETTY.toJson(json) + "\n";
  }

  /**
   * The template stands in tokenizer_config.json for older readers and in its own file for newer
   * ones, which prefer the file. Several templates stand in the config alone: the file has room for
   * one and would hide the others.
   */
  private static void writeTemplate(TokenizerConfig config, Path file) throws IOException {
    if (config.hasSingleTemplate()) {
      Files.writeString(file, config.chatTemplate().orElseThrow());
    }
  }
}
