package org.coldstart.data;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.coldstart.io.hub.RepoInfo;

/**
 * Says which files make up which split, by the rules of Python's datasets (data_files.py): what the
 * README's settings say, else {@code data/<split>-00000-of-00001.*}, else folders, else file names
 * with the words for train, validation and test, else all files are {@code train}.
 */
final class SplitFiles {
  private static final Set<String> NOT_ROWS =
      Set.of("config.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json");
  private static final Pattern SHARD =
      Pattern.compile("data/([^/]+)-\\d{5}-of-\\d{5}[^/]*\\.[^/]*");
  private static final Map<String, String> KEYWORDS = new LinkedHashMap<>();

  static {
    KEYWORDS.put("train", "train|training");
    KEYWORDS.put("validation", "validation|valid|dev|val");
    KEYWORDS.put("test", "test|testing|eval|evaluation");
  }

  private SplitFiles() {}

  /**
   * Files of each split, sorted by name; empty when there is no file of rows.
   *
   * @param configuration name of one of the README's configurations; empty: the default one
   */
  static Map<String, List<String>> of(RepoInfo description, String configuration) {
    List<String> all = description.files().stream().filter(SplitFiles::mayHoldRows).toList();
    if (all.isEmpty()) {
      return Map.of();
    }
    JsonObject config = config(description.card(), configuration);
    String folder = folder(config);
    List<String> files = all.stream().filter(f -> f.startsWith(folder)).toList();
    Map<String, List<String>> splits = fromCard(config.get("data_files"), files, folder);
    for (Function<String, List<String>> rule :
        List.<Function<String, List<String>>>of(
            SplitFiles::byShard,
            SplitFiles::byFolder,
            SplitFiles::byName,
            file -> List.of("train"))) {
      if (splits.isEmpty()) {
        splits = group(files, rule);
      }
    }
    splits.replaceAll((split, names) -> sameFormat(names));
    return splits;
  }

  /**
   * Files of the hub's own conversion to Parquet: {@code <configuration>/<split>/0000.parquet}.
   *
   * @param configuration as in {@link #of}
   */
  static Map<String, List<String>> ofConversion(RepoInfo description, String configuration) {
    List<String> files =
        description.files().stream().filter(f -> f.matches("[^/]+/[^/]+/\\d+\\.parquet")).toList();
    Set<String> configurations =
        files.stream().map(f -> f.split("/")[0]).collect(Collectors.toCollection(TreeSet::new));
    String wanted = wanted(configurations, configuration, "default");
    return group(
        files.stream().filter(f -> f.startsWith(wanted + "/")).toList(),
        f -> List.of(f.split("/")[1].replaceFirst("^partial-", "")));
  }

  /** The settings of a configuration; none when the README has none. */
  private static JsonObject config(JsonObject card, String configuration) {
    Map<String, JsonObject> byName = new LinkedHashMap<>();
    String marked = "default";
    if (card.get("configs") instanceof JsonArray configs) {
      for (JsonElement entry : configs) {
        JsonObject config = entry.getAsJsonObject();
        String name =
            config.has("config_name") ? config.get("config_name").getAsString() : "default";
        byName.put(name, config);
        if (config.has("default") && config.get("default").getAsBoolean()) {
          marked = name;
        }
      }
    }
    String name = wanted(byName.keySet(), configuration, marked);
    return byName.getOrDefault(name, new JsonObject());
  }

  private static String folder(JsonObject config) {
    String folder = config.has("data_dir") ? config.get("data_dir").getAsString() : "";
    String relative = folder.replaceFirst("^(\\./)+", "").replaceFirst("/+$", "");
    return relative.isEmpty() || relative.equals(".") ? "" : relative + "/";
  }

  private static Map<String, List<String>> fromCard(
      JsonElement dataFiles, List<String> files, String folder) {
    Map<String, List<String>> splits = new LinkedHashMap<>();
    if (dataFiles instanceof JsonArray entries
        && elements(entries).allMatch(JsonElement::isJsonObject)) {
      entries.forEach(
          e ->
              splits.put(
                  e.getAsJsonObject().get("split").getAsString(),
                  matching(files, e.getAsJsonObject().get("path"), folder)));
    } else if (dataFiles != null) {
      splits.put("train", matching(files, dataFiles, folder));
    }
    return splits;
  }

  /** The configuration asked for, or else the only one, or else the default one. */
  private static String wanted(Set<String> configurations, String asked, String marked) {
    Set<String> known = configurations.isEmpty() ? Set.of("default") : configurations;
    String list = String.join(", ", known);
    if (!asked.isEmpty()) {
      if (!known.contains(asked)) {
        throw new DataException(
            "The data set has no configuration '" + asked + "': it has " + list + ".");
      }
      return asked;
    }
    if (known.size() > 1 && !known.contains(marked)) {
      throw new DataException(
          "The data set has several configurations and no default one (%1$s): name one of them, as in DataSet.load(name, \"%2$s\", \"train\")."
              .formatted(list, known.iterator().next()));
    }
    return known.size() == 1 ? known.iterator().next() : marked;
  }

  /**
   * Files matching a glob or one of a list of globs; {@code **} also stands for no folder at all.
   */
  private static List<String> matching(List<String> files, JsonElement paths, String folder) {
    Stream<JsonElement> globs = paths instanceof JsonArray list ? elements(list) : Stream.of(paths);
    List<PathMatcher> matchers =
        globs
            .map(glob -> folder + glob.getAsString().replaceFirst("^\\./", ""))
            .flatMap(glob -> List.of(glob, glob.replace("**/", "")).stream())
            .map(glob -> FileSystems.getDefault().getPathMatcher("glob:" + glob))
            .toList();
    return files.stream()
        .filter(f -> matchers.stream().anyMatch(m -> m.matches(Path.of(f))))
        .toList();
  }

  private static Stream<JsonElement> elements(JsonArray array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  private static List<String> byShard(String file) {
    Matcher matcher = SHARD.matcher(file);
    return matcher.matches() ? List.of(matcher.group(1)) : List.of();
  }

  private static List<String> byFolder(String file) {
    List<String> folders = List.of(file.split("/")).subList(0, file.split("/").length - 1);
    return words(
        word ->
            folders.stream()
                .anyMatch(folder -> folder.matches("(.*[-._ 0-9])?(" + word + ")([-._ 0-9].*)?")));
  }

  private static List<String> byName(String file) {
    String name = file.substring(file.lastIndexOf('/') + 1);
    return words(word -> name.matches("(.*[-._ 0-9])?(" + word + ")[-._ 0-9].*"));
  }

  private static List<String> words(Predicate<String> matches) {
    return KEYWORDS.entrySet().stream()
        .filter(e -> matches.test(e.getValue()))
        .map(Map.Entry::getKey)
        .toList();
  }

  private static Map<String, List<String>> group(
      List<String> files, Function<String, List<String>> splitsOf) {
    Map<String, List<String>> splits = new TreeMap<>();
    for (String file : files) {
      splitsOf
          .apply(file)
          .forEach(
              split -> splits.computeIfAbsent(split, s -> new java.util.ArrayList<>()).add(file));
    }
    return splits;
  }

  /** Of several formats the one most files have, and Parquet on a draw. */
  private static List<String> sameFormat(List<String> files) {
    Map<String, Long> counts =
        files.stream().collect(Collectors.groupingBy(SplitFiles::extension, Collectors.counting()));
    return counts.entrySet().stream()
        .max(
            Comparator.<Map.Entry<String, Long>>comparingLong(Map.Entry::getValue)
                .thenComparing(e -> e.getKey().equals("parquet"))
                .thenComparing(e -> e.getKey().equals("jsonl")))
        .map(most -> files.stream().filter(f -> extension(f).equals(most.getKey())).toList())
        .orElse(files);
  }

  private static String extension(String file) {
    String name = file.replaceFirst("\\.gz$", "");
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private static boolean mayHoldRows(String file) {
    List<String> parts = List.of(file.split("/"));
    return DataFiles.isDataFile(file)
        && !NOT_ROWS.contains(parts.get(parts.size() - 1))
        && parts.stream().noneMatch(p -> p.startsWith(".") || p.startsWith("__"));
  }
}
