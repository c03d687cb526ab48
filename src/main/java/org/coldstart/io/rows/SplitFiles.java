package org.coldstart.io.rows;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Which files make up which split, by the rules of Python's datasets (data_files.py): the README's settings, else
 * {@code data/<split>-00000-of-00001.*}, else folders, else file names with the words for train, validation and test,
 * else all files are {@code train}.
 */
public final class SplitFiles {
  private static final Pattern NOT_ROWS = Pattern.compile("(^|/)(\\.|__|(config|dataset_infos?|dataset_dict)\\.json$)");
  private static final Pattern SHARD = Pattern.compile("data/([^/]+)-\\d{5}-of-\\d{5}[^/]*\\.[^/]*");
  private static final Map<String, String> KEYWORDS = Map.of("train", "train|training", "validation",
      "validation|valid|dev|val", "test", "test|testing|eval|evaluation");

  private static final String DEFAULT = "default";

  /** The splits a file belongs to, by one rule after the other until one finds any. */
  private static final List<Function<String, List<String>>> RULES = List.of(SplitFiles::byShard,
      file -> byKeyword(file, "(.*[-._ 0-9/])?(%s)([-._ 0-9][^/]*)?/.*"),
      file -> byKeyword(file, "(.*[-._ 0-9/])?(%s)[-._ 0-9][^/]*"), file -> List.of("train"));

  private SplitFiles() {}

  /** The settings on top of a README, between lines of three hyphens; none where it has no such or none in YAML. */
  public static JsonObject card(String readme) {
    Matcher front = Pattern.compile("\\A\uFEFF?---\\s*\\R(.*?)\\R---\\s*(\\R|\\z)", Pattern.DOTALL).matcher(readme);
    if (!front.find()) {
      return new JsonObject();
    }
    try {
      Object settings = new Load(LoadSettings.builder().build()).loadFromString(front.group(1));
      return settings instanceof Map<?, ?> map ? new Gson().toJsonTree(map).getAsJsonObject() : new JsonObject();
    } catch (YamlEngineException e) {
      throw new RowException("The settings on top of README.md are no YAML: correct or remove them.", e);
    }
  }

  /**
   * Files of each split, sorted by name; empty when there is no file of rows.
   *
   * @param names of all files, with {@code /} between folders
   * @param card the settings on top of the README
   * @param configuration name of one of the README's configurations; empty: the default one
   * @throws RowException if there is no such configuration, or no default one
   */
  public static Map<String, List<String>> of(List<String> names, JsonObject card, String configuration) {
    List<String> all = names.stream()
      .filter(file -> RowFiles.isRowFile(file) && !NOT_ROWS.matcher(file).find())
      .toList();
    if (all.isEmpty()) {
      return Map.of();
    }
    JsonObject config = config(card, configuration);
    String folder = folder(config);
    List<String> files = all.stream().filter(f -> f.startsWith(folder)).toList();
    Map<String, List<String>> splits = fromCard(config.get("data_files"), files, folder);
    for (Function<String, List<String>> rule : RULES) {
      splits = splits.isEmpty() ? group(files, rule) : splits;
    }
    splits.replaceAll((split, found) -> sameFormat(found));
    return splits;
  }

  /** Files of the hub's own conversion to Parquet: {@code <configuration>/<split>/0000.parquet}. */
  public static Map<String, List<String>> ofConversion(List<String> names, String configuration) {
    List<String> files = names.stream().filter(f -> f.matches("[^/]+/[^/]+/\\d+\\.parquet")).toList();
    Set<String> configurations = new TreeSet<>(files.stream().map(f -> f.split("/")[0]).toList());
    String wanted = wanted(configurations, configuration, DEFAULT);
    return group(files.stream().filter(f -> f.startsWith(wanted + "/")).toList(),
        f -> List.of(f.split("/")[1].replaceFirst("^partial-", "")));
  }

  /** The settings of a configuration; none when the README has none. */
  private static JsonObject config(JsonObject card, String configuration) {
    Map<String, JsonObject> byName = new LinkedHashMap<>();
    String marked = DEFAULT;
    if (card.get("configs") instanceof JsonArray configs) {
      for (JsonElement entry : configs) {
        JsonObject config = entry.getAsJsonObject();
        String name = config.has("config_name") ? text(config, "config_name") : DEFAULT;
        byName.put(name, config);
        marked = config.has("default") && config.get("default").getAsBoolean() ? name : marked;
      }
    }
    return byName.getOrDefault(wanted(byName.keySet(), configuration, marked), new JsonObject());
  }

  /** The configuration asked for, or else the only one, or else the default one. */
  private static String wanted(Set<String> configurations, String asked, String marked) {
    Set<String> known = configurations.isEmpty() ? Set.of(DEFAULT) : configurations;
    String list = String.join(", ", known);
    String first = known.iterator().next();
    if (!asked.isEmpty() && !known.contains(asked)) {
      throw new RowException("The data set has no configuration '%s': it has %s.", asked, list);
    }
    if (asked.isEmpty() && known.size() > 1 && !known.contains(marked)) {
      throw new RowException("The data set has several configurations and no default one (%s): name one of them, as in"
          + " DataSet.load(name, \"%s\", \"train\").", list, first);
    }
    return !asked.isEmpty() ? asked : known.size() == 1 ? first : marked;
  }

  /** The folder of a configuration's files with a slash behind it; empty: the top one. */
  private static String folder(JsonObject config) {
    String folder = config.has("data_dir") ? text(config, "data_dir") : "";
    return (folder + "/").replaceFirst("^(\\.?/)+", "").replaceFirst("/+$", "/");
  }

  private static Map<String, List<String>> fromCard(JsonElement dataFiles, List<String> files, String folder) {
    Map<String, List<String>> splits = new LinkedHashMap<>();
    if (dataFiles instanceof JsonArray entries && (entries.size() == 0 || entries.get(0).isJsonObject())) {
      for (JsonElement entry : entries) {
        JsonObject split = entry.getAsJsonObject();
        splits.put(text(split, "split"), matching(files, split.get("path"), folder));
      }
    } else if (dataFiles != null) {
      splits.put("train", matching(files, dataFiles, folder));
    }
    return splits;
  }

  /** Files matching a glob or one of a list of globs; {@code **} also stands for no folder at all. */
  private static List<String> matching(List<String> files, JsonElement paths, String folder) {
    List<PathMatcher> matchers = new ArrayList<>();
    for (JsonElement path : paths instanceof JsonArray list ? list : List.of(paths)) {
      String glob = "glob:" + folder + path.getAsString().replaceFirst("^\\./", "");
      matchers.add(FileSystems.getDefault().getPathMatcher(glob));
      matchers.add(FileSystems.getDefault().getPathMatcher(glob.replace("**/", "")));
    }
    return files.stream().filter(f -> matchers.stream().anyMatch(m -> m.matches(Path.of(f)))).toList();
  }

  private static String text(JsonObject object, String name) {
    return object.get(name).getAsString();
  }

  private static List<String> byShard(String file) {
    Matcher matcher = SHARD.matcher(file);
    return matcher.matches() ? List.of(matcher.group(1)) : List.of();
  }

  private static List<String> byKeyword(String file, String pattern) {
    return KEYWORDS.keySet().stream().filter(split -> file.matches(pattern.formatted(KEYWORDS.get(split)))).toList();
  }

  private static Map<String, List<String>> group(List<String> files, Function<String, List<String>> splitsOf) {
    Map<String, List<String>> splits = new TreeMap<>();
    for (String file : files) {
      for (String split : splitsOf.apply(file)) {
        splits.computeIfAbsent(split, s -> new ArrayList<>()).add(file);
      }
    }
    return splits;
  }

  /** Of several formats the one most files have, and Parquet, then JSON lines, on a draw. */
  private static List<String> sameFormat(List<String> files) {
    Map<String, List<String>> byFormat = files.stream().collect(Collectors.groupingBy(RowFiles::extension));
    Comparator<String> bySize = Comparator.comparingInt(format -> byFormat.get(format).size());
    return byFormat.keySet()
      .stream()
      .max(bySize.thenComparing("parquet"::equals).thenComparing("jsonl"::equals))
      .map(byFormat::get)
      .orElse(files);
  }
}
