package org.coldstart.data;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.coldstart.io.hub.Hub;
import org.coldstart.io.hub.HubException;
import org.coldstart.io.hub.HubRepository;
import org.coldstart.io.rows.RowException;
import org.coldstart.io.rows.RowFiles;
import org.coldstart.io.rows.SplitFiles;

/**
 * Finds the files of a split, in a folder or on the hub, and reads as much of them as is asked for.
 *
 * @param hub is only set up if needed
 * @param configuration of the several a data set may have; empty: the default one
 */
record DataSetLoader(Supplier<Hub> hub, String configuration) {

  DataSet load(String nameOrPath, String split) {
    Slice slice = Slice.parse(split);
    try {
      return slice.of(read(files(nameOrPath, slice.name()), slice.limit()));
    } catch (RowException e) {
      throw new DataException(e.getMessage(), e);
    }
  }

  private List<Path> files(String nameOrPath, String split) {
    Path path = Path.of(nameOrPath);
    if (Files.isDirectory(path)) {
      refuseArrow(path);
      Map<String, List<String>> splits = SplitFiles.of(relativeFiles(path), card(path), configuration);
      return pick(splits, split, nameOrPath).stream().map(path::resolve).toList();
    }
    if (Files.isRegularFile(path)) {
      pick(Map.of("train", List.of(nameOrPath)), split, nameOrPath);
      return List.of(path);
    }
    return HubRepository.parse(HubRepository.Kind.DATA_SET, nameOrPath)
      .filter(repository -> !RowFiles.isRowFile(nameOrPath))
      .map(repository -> fromHub(hub.get(), repository, split))
      .orElseThrow(() -> new DataException("There is no file or folder %s, and '%s' is not a hub's owner/name."
        .formatted(path.toAbsolutePath(), nameOrPath)));
  }

  private static JsonObject card(Path folder) {
    Path readme = folder.resolve("README.md");
    try {
      return Files.isRegularFile(readme) ? SplitFiles.card(Files.readString(readme)) : new JsonObject();
    } catch (IOException e) {
      throw new DataException("Cannot read " + readme + ": " + e.getMessage() + ".", e);
    }
  }

  private static void refuseArrow(Path folder) {
    if (Files.exists(folder.resolve("dataset_dict.json")) || Files.exists(folder.resolve("state.json"))) {
      throw new DataException(folder + " was written by save_to_disk of Python's datasets, in Arrow: write it with"
          + " to_parquet or to_json there, each split to a file of its own.");
    }
  }

  /** Data sets without files of rows (scripts, archives) are read from the hub's conversion to Parquet. */
  private List<Path> fromHub(Hub hub, HubRepository repository, String split) {
    String name = repository.name();
    try {
      return hub.snapshot(repository, i -> pick(SplitFiles.of(i.files(), i.card(), configuration), split, name))
        .paths();
    } catch (NoRows e) {
      HubRepository parquet = repository.at("refs/convert/parquet");
      try {
        return hub.snapshot(parquet, i -> pick(SplitFiles.ofConversion(i.files(), configuration), split, name)).paths();
      } catch (HubException notConverted) {
        throw notConverted.reason() == HubException.Reason.REVISION_NOT_FOUND ? e : notConverted;
      }
    }
  }

  private static List<String> pick(Map<String, List<String>> splits, String split, String source) {
    if (splits.isEmpty()) {
      throw new NoRows(source);
    }
    if (!splits.containsKey(split)) {
      throw new DataException(
          "%s has no split '%s': it has %s.".formatted(source, split, String.join(", ", splits.keySet())));
    }
    return splits.get(split);
  }

  /** Row numbers count on from file to file. */
  private static DataSet read(List<Path> files, long limit) {
    List<DataRow> rows = new ArrayList<>();
    for (Path file : files) {
      if (rows.size() < limit) {
        long before = rows.isEmpty() ? 0 : rows.get(rows.size() - 1).number();
        RowFiles.read(file, (number, values) -> {
          rows.add(new DataRow(before + number, values));
          return rows.size() < limit;
        });
      }
    }
    return DataSet.of(rows);
  }

  private static List<String> relativeFiles(Path folder) {
    try (Stream<Path> walk = Files.walk(folder)) {
      return walk.filter(Files::isRegularFile)
        .map(file -> folder.relativize(file).toString().replace('\\', '/'))
        .sorted()
        .toList();
    } catch (IOException | UncheckedIOException e) {
      throw new DataException("Cannot read the folder " + folder + ": " + e.getMessage() + ".", e);
    }
  }

  /**
   * A split and a range of its rows, as Python's datasets write them. Percentages are rounded to the closest row.
   *
   * @param from first row, from the end if negative; null: the first
   * @param to row after the last, from the end if negative; null: all
   * @param percent whether both are in percent of the rows
   */
  record Slice(String name, Integer from, Integer to, boolean percent) {

    private static final Pattern FORM = Pattern
      .compile("(\\w+(?:\\.\\w+)*)(?:\\[(?:(-?\\d[\\d_]{0,8})(%)?)?:(?:(-?\\d[\\d_]{0,8})(%)?)?])?");

    static Slice parse(String text) {
      Matcher matcher = FORM.matcher(text.strip());
      if (!matcher.matches()) {
        throw new DataException(
            "'%s' is not a split: write train, train[:100], train[10:20], train[-100:] or train[:10%%]."
              .formatted(text));
      }
      boolean percent = matcher.group(3) != null || matcher.group(5) != null;
      return new Slice(matcher.group(1), number(matcher.group(2), percent), number(matcher.group(4), percent), percent);
    }

    private static Integer number(String digits, boolean percent) {
      Integer number = digits == null ? null : Integer.valueOf(digits.replace("_", ""));
      if (number != null && percent && Math.abs(number) > 100) {
        throw new DataException(digits + "% is no share of a split: it is -100% to 100%.");
      }
      return number;
    }

    /** How many rows have to be read at most. */
    long limit() {
      return to == null || percent || to < 0 || from != null && from < 0 ? Long.MAX_VALUE : to;
    }

    /** The range of a split that has been read. */
    DataSet of(DataSet rows) {
      int first = index(from, 0, rows.size());
      return rows.select(first, Math.max(first, index(to, rows.size(), rows.size())));
    }

    private int index(Integer boundary, int otherwise, int size) {
      if (boundary == null) {
        return otherwise;
      }
      // Python rounds half to even
      int index = percent ? (int) Math.rint(boundary * (double) size / 100) : boundary;
      return Math.min(index < 0 ? Math.max(size + index, 0) : index, size);
    }
  }

  private static final class NoRows extends DataException {
    NoRows(String source) {
      super("There is no .jsonl, .json, .csv, .tsv or .parquet file in " + source + ".");
    }
  }
}
