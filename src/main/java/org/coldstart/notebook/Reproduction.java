package org.coldstart.notebook;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
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

  Table write(Path folder) {
    AtomicFiles.writeString(folder.resolve(notebook + ".json"), GSON.toJson(rows) + "\n");
    return Show.table("article | here", rows);
  }
}
