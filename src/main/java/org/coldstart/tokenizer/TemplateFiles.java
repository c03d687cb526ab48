package org.coldstart.tokenizer;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.coldstart.io.json.JsonFiles;

/**
 * Chat templates in files of their own, as transformers 5 writes them: the default one beside the
 * other files, further ones by name in a folder.
 */
final class TemplateFiles {
  static final String DEFAULT = "chat_template.jinja";
  private static final String FURTHER = "additional_chat_templates";
  private static final String ENDING = ".jinja";

  private TemplateFiles() {}

  /**
   * What they come to in the form of tokenizer_config.json: one template as a text, several as a
   * list by name. Empty if there is no such file.
   */
  static Optional<JsonElement> read(Path folder) {
    Path own = folder.resolve(DEFAULT);
    List<Path> further = further(folder.resolve(FURTHER));
    if (further.isEmpty()) {
      return Files.exists(own) ? Optional.of(new JsonPrimitive(text(own))) : Optional.empty();
    }
    JsonArray templates = new JsonArray();
    if (Files.exists(own)) {
      templates.add(named("default", own));
    }
    for (Path file : further) {
      String name = file.getFileName().toString();
      templates.add(named(name.substring(0, name.length() - ENDING.length()), file));
    }
    return Optional.of(templates);
  }

  private static List<Path> further(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(ENDING)).sorted().toList();
    } catch (IOException e) {
      throw new TokenizerException(folder + " cannot be listed: " + e.getMessage(), e);
    }
  }

  private static JsonObject named(String name, Path file) {
    JsonObject json = new JsonObject();
    json.addProperty("name", name);
    json.addProperty("template", text(file));
    return json;
  }

  private static String text(Path file) {
    return JsonFiles.text(file, TokenizerException::new);
  }
}
