package org.coldstart.notebook;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.coldstart.data.DataSet;
import org.coldstart.io.files.AtomicFiles;
import tech.tablesaw.api.Table;

/**
 * What an article reports beside the result of this run. A notebook collects its rows and writes them once;
 * environment/run gathers the files of all notebooks into the reproduction table.
 *
 * <pre>{@code
 * Reproduction.of("02-embeddings").row("P(<think>) after cloning", "0.199994", "" + p, "SmolLM2-135M").write()
 * }</pre>
 *
 * @param notebook its file name without the ending
 * @param rows so far
 */
public record Reproduction(String notebook, List<Line> rows) {

  private static final String TITLE = "article | here";

  private static final Gson GSON = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

  /**
   * One line of the table.
   *
   * @param what the quantity, in a few words
   * @param article what the article reports, "–" if nothing
   * @param here the result of this run
   * @param model the model of this run
   */
  public record Line(String what, String article, String here, String model) {}

  /** No rows yet, for the notebook of this file name without its ending. */
  public static Reproduction of(String notebook) {
    return new Reproduction(notebook, List.of());
  }

  /** These rows and one more. */
  public Reproduction row(String what, String article, String here, String model) {
    return new Reproduction(notebook,
        Stream.concat(rows.stream(), Stream.of(new Line(what, article, here, model))).toList());
  }

  /** Stores the rows under {@code output/results} and returns them as a table to show. */
  public Table write() {
    return write(Output.folder().resolve("results"));
  }

  /**
   * These rows beside those that a file keeps of runs with other models, a column a model.
   *
   * @param stored rows as {@link #write} leaves them; a run with {@code --in-place} keeps its own there
   */
  public Table beside(Path stored) {
    List<Line> all = new ArrayList<>(rows);
    DataSet.load(stored.toString()).forEach(row -> all.add(GSON.fromJson(GSON.toJson(row.values()), Line.class)));
    Map<String, Map<String, String>> models = new LinkedHashMap<>();
    all.forEach(line -> models.computeIfAbsent(line.model, model -> new LinkedHashMap<>())
      .putIfAbsent(line.what, line.here));
    List<String> columns = Stream.concat(Stream.of("what", "article"), models.keySet().stream()).toList();
    return Show.table(TITLE, columns, rows.stream()
      .map(line -> Stream.concat(Stream.of(line.what, line.article),
          models.values().stream().map(column -> column.getOrDefault(line.what, "–"))).toList())
      .toList());
  }

  Table write(Path folder) {
    AtomicFiles.writeString(folder.resolve(notebook + ".json"), GSON.toJson(rows) + "\n");
    return Show.table(TITLE, rows);
  }
}
