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
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.coldstart.hub.Description;

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

  /** Files of each split, sorted by name; empty when there is no file of rows. */
  static Map<String, List<String>> of(Description description) {
    List<String> files = description.files().stream().filter(SplitFiles::mayHoldRows).toList();
    Map<String, List<String>> splits = fromCard(description.card(), files);
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

  /** Files of the hub's own conversion to Parquet: {@code <configuration>/<split>/0000.parquet}. */
  static Map<String, List<String>> ofConversion(Description description) {
    List<String> files =
        description.files().stream().filter(f -> f.matches("[^/]+/[^/]+/\\d+\\.parquet")).toList();
    Set<String> configurations =
        files.stream().map(f -> f.split("/")[0]).collect(Collectors.toSet());
    String wanted = single(configurations);
    return group(
        files.stream().filter(f -> f.startsWith(wanted + "/")).toList(),
        f -> List.of(f.split("/")[1].replaceFirst("^partial-", "")));
  }

  private static Map<String, List<String>> fromCard(JsonObject card, List<String> files) {
    if (!(card.get("configs") instanceof JsonArray configs) || configs.size() == 0) {
      return Map.of();
    }
    Map<String, JsonElement> byName = new LinkedHashMap<>();
    configs.forEach(
        c ->
            byName.put(
                c.getAsJsonObject().get("config_name").getAsString(),
                c.getAsJsonObject().get("data_files")));
    JsonElement dataFiles = byName.get(single(byName.keySet()));
    Map<String, List<String>> splits = new LinkedHashMap<>();
    if (dataFiles instanceof JsonArray entries
        && elements(entries).allMatch(JsonElement::isJsonObject)) {
      entries.forEach(
          e ->
              splits.put(
                  e.getAsJsonObject().get("split").getAsString(),
                  matching(files, e.getAsJsonObject().get("path"))));
    } else if (dataFiles != null) {
      splits.put("train", matching(files, dataFiles));
    }
    return splits;
  }

  private static String single(Set<String> configurations) {
    if (configurations.size() > 1 && !configurations.contains("default")) {
      throw new DataException(
          "The data set has several configurations and no default one ("
              + String.join(", ", configurations)
              + "): download the files of one into a folder and load that.");
    }
    return configurations.contains("default") || configurations.isEmpty()
        ? "default"
        : configurations.iterator().next();
  }

  /**
   * Files matching a glob or one of a list of globs; {@code **} also stands for no folder at all.
   */
  private static List<String> matching(List<String> files, JsonElement paths) {
    Stream<JsonElement> globs = paths instanceof JsonArray list ? elements(list) : Stream.of(paths);
    List<PathMatcher> matchers =
        globs
            .map(JsonElement::getAsString)
            .flatMap(glob -> List.of(glob, glob.replace("**/", "")).stream())
            .map(
                glob ->
                    FileSystems.getDefault()
                        .getPathMatcher("glob:" + glob.replaceFirst("^\\./", "")))
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
