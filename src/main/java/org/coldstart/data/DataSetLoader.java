package org.coldstart.data;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.coldstart.io.hub.RepoInfo;
import org.coldstart.io.hub.Hub;
import org.coldstart.io.hub.HubException;
import org.coldstart.io.hub.HubRepository;

/**
 * Finds the files of a split, in a folder or on the hub, and reads as much of them as is asked for.
 */
final class DataSetLoader {
  private final Hub hub;
  private final String configuration;

  /**
   * @param configuration of the several a data set may have; empty: the default one
   */
  DataSetLoader(Hub hub, String configuration) {
    this.hub = hub;
    this.configuration = configuration;
  }

  DataSet load(String nameOrPath, String split) {
    SplitSlice slice = SplitSlice.parse(split);
    return slice.of(read(files(nameOrPath, slice.name()), slice.limit()));
  }

  private List<Path> files(String nameOrPath, String split) {
    Path path = Path.of(nameOrPath);
    if (Files.isDirectory(path)) {
      RepoInfo folder = new RepoInfo("", relativeFiles(path), new JsonObject());
      return pick(SplitFiles.of(folder, configuration), split, nameOrPath).stream()
          .map(path::resolve)
          .toList();
    }
    if (Files.isRegularFile(path)) {
      return pick(Map.of("train", List.of(nameOrPath)), split, nameOrPath).stream()
          .map(Path::of)
          .toList();
    }
    HubRepository repository =
        HubRepository.parse(HubRepository.Kind.DATA_SET, nameOrPath)
            .filter(r -> !DataFiles.isDataFile(nameOrPath))
            .orElseThrow(
                () ->
                    new DataException(
                        "There is no file or folder "
                            + path.toAbsolutePath()
                            + ", and '"
                            + nameOrPath
                            + "' is no name on the hub, which has the form owner/name."));
    return fromHub(repository, split);
  }

  /**
   * Data sets without files of rows (scripts, archives) are read from the hub's conversion to
   * Parquet.
   */
  private List<Path> fromHub(HubRepository repository, String split) {
    try {
      return hub.snapshot(
              repository, d -> pick(SplitFiles.of(d, configuration), split, repository.name()))
          .paths();
    } catch (NoRows e) {
      HubRepository conversion = repository.at("refs/convert/parquet");
      try {
        return hub.snapshot(
                conversion,
                d -> pick(SplitFiles.ofConversion(d, configuration), split, repository.name()))
            .paths();
      } catch (HubException notConverted) {
        throw notConverted.reason() == HubException.Reason.REVISION_NOT_FOUND ? e : notConverted;
      }
    }
  }

  private static List<String> pick(Map<String, List<String>> splits, String split, String source) {
    if (splits.isEmpty()) {
      throw new NoRows("There is no .jsonl, .json, .csv, .tsv or .parquet file in " + source + ".");
    }
    if (!splits.containsKey(split)) {
      throw new DataException(
          "%s has no split '%s': it has %s."
              .formatted(source, split, String.join(", ", splits.keySet())));
    }
    return splits.get(split);
  }

  private static DataSet read(List<Path> files, long limit) {
    List<DataRow> rows = new ArrayList<>();
    long[] before = {0};
    for (Path file : files) {
      if (rows.size() >= limit) {
        break;
      }
      long offset = before[0];
      DataFiles.read(
          file,
          (number, values) -> {
            rows.add(new DataRow(offset + number, values));
            before[0] = offset + number;
            return rows.size() < limit;
          });
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

  private static final class NoRows extends DataException {
    NoRows(String message) {
      super(message);
    }
  }
}
