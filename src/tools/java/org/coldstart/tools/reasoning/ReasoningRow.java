package org.coldstart.tools.reasoning;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.coldstart.io.json.Json;

/**
 * A row of the data set as it stands in the files: one JSON object a line, keys in this order.
 *
 * @param instruction the question
 * @param reasoning the way to the answer
 * @param output the answer
 * @param reasoningChains the steps alone; the column is called {@code reasoning_chains}
 */
public record ReasoningRow(String instruction, String reasoning, String output, List<String> reasoningChains) {

  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  /** One line of JSON, without the line feed. */
  public String toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("instruction", instruction);
    json.addProperty("reasoning", reasoning);
    json.addProperty("output", output);
    json.add("reasoning_chains", GSON.toJsonTree(reasoningChains));
    return GSON.toJson(json);
  }

  /** Reads one line; throws if a column is missing. */
  public static ReasoningRow fromJson(String line) {
    JsonObject json = Json.parse(line).getAsJsonObject();
    JsonArray steps = json.getAsJsonArray("reasoning_chains");
    List<String> chain = new ArrayList<>();
    steps.forEach(step -> chain.add(step.getAsString()));
    return new ReasoningRow(json.get("instruction").getAsString(), json.get("reasoning").getAsString(),
        json.get("output").getAsString(), List.copyOf(chain));
  }

  /** Reads a file of rows; an error names the file and the line. */
  public static List<ReasoningRow> read(Path file) {
    try {
      List<String> lines = Files.readAllLines(file);
      List<ReasoningRow> rows = new ArrayList<>();
      for (String line : lines) {
        try {
          rows.add(fromJson(line));
        } catch (RuntimeException e) {
          throw new IllegalArgumentException(
              file + ", line " + (rows.size() + 1) + ": not a row with the four columns: " + line, e);
        }
      }
      return rows;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }
}
