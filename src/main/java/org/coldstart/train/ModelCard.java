package org.coldstart.train;

import ai.djl.engine.Engine;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;

/**
 * The README.md beside a trained model: where it comes from and how it was made.
 *
 * <pre>{@code
 * ModelCard card = ModelCard.of("smollm2-think", config, result)
 *     .baseModel("HuggingFaceTB/SmolLM2-135M-Instruct").license("apache-2.0").datasets("me/reasoning");
 * Pretrained.save(folder, model, tokenizer, SaveOptions.defaults(), card.toMarkdown());
 * }</pre>
 *
 * <p>
 * What is not known is left out. The head of the text is the YAML that model hubs read.
 *
 * @param name of the model, its heading
 * @param baseModel name on the hub or any other description of the model it was made from, or null
 * @param license the hub's short name of it, or null
 * @param datasets names on the hub, or any other description of the rows it was trained on
 * @param gguf names of GGUF files beside it
 * @param method how it was trained
 * @param recipe the hyper-parameters by their names
 * @param result what the run came to
 */
public record ModelCard(String name, String baseModel, String license, List<String> datasets, List<String> gguf,
    Method method, Map<String, String> recipe, TrainingResult result) {

  /** How a model was trained; the name is the hub's tag. */
  public enum Method {
    SFT("supervised fine-tuning"), DPO("direct preference optimisation"), GRPO("group relative policy optimisation");

    private final String words;

    Method(String words) {
      this.words = words;
    }
  }

  /** {@code owner/name}: only such a name can be a link on the hub. */
  private static final Pattern HUB_NAME = Pattern.compile("[\\w-][\\w.-]*/[\\w-][\\w.-]*");

  /** A card of a run of {@link SftTrainer}. */
  public static ModelCard of(String name, SftConfig config, TrainingResult result) {
    return of(name, Method.SFT, config.recipe(), result);
  }

  /** A card of a run of {@link DpoTrainer}. */
  public static ModelCard of(String name, DpoConfig config, TrainingResult result) {
    return of(name, Method.DPO, config.training().recipe(config), result);
  }

  /** A card of a run of {@link GrpoTrainer}. */
  public static ModelCard of(String name, GrpoConfig config, TrainingResult result) {
    return of(name, Method.GRPO, config.training().recipe(config), result);
  }

  private static ModelCard of(String name, Method method, Map<String, String> recipe, TrainingResult result) {
    return new ModelCard(name, null, null, List.of(), List.of(), method, recipe, result);
  }

  /** The same with the model it was made from. */
  public ModelCard baseModel(String value) {
    return new ModelCard(name, value, license, datasets, gguf, method, recipe, result);
  }

  /** The same with the licence, such as {@code apache-2.0}. */
  public ModelCard license(String value) {
    return new ModelCard(name, baseModel, value, datasets, gguf, method, recipe, result);
  }

  /** The same with what it was trained on. */
  public ModelCard datasets(String... values) {
    return new ModelCard(name, baseModel, license, List.of(values), gguf, method, recipe, result);
  }

  /** The same with the names of the GGUF files beside it, see {@link org.coldstart.model.Gguf}. */
  public ModelCard gguf(String... files) {
    return new ModelCard(name, baseModel, license, datasets, List.of(files), method, recipe, result);
  }

  /** The text of README.md. */
  public String toMarkdown() {
    return String.join("\n\n", head(), "# " + name, origin() + elsewhere(), run(), hyperParameters()) + "\n";
  }

  private String elsewhere() {
    return gguf.isEmpty() ? ""
        : "\n\nFor llama.cpp: `%s`, as in `llama-server -m %s`; for Ollama: `ollama create my-model -f Modelfile`."
          .formatted(String.join("`, `", gguf), gguf.get(0));
  }

  private String head() {
    List<String> lines = new ArrayList<>();
    lines.addAll(List.of("---", "library_name: transformers", "pipeline_tag: text-generation"));
    if (license != null) {
      lines.add("license: " + quoted(license));
    }
    if (baseModel != null && HUB_NAME.matcher(baseModel).matches()) {
      lines.add("base_model: " + quoted(baseModel));
    }
    List<String> named = datasets.stream().filter(HUB_NAME.asMatchPredicate()).toList();
    if (!named.isEmpty()) {
      lines.add("datasets:");
      named.forEach(dataset -> lines.add("- " + quoted(dataset)));
    }
    lines.addAll(List.of("tags:", "- " + quoted(method.name().toLowerCase(Locale.ROOT)), "- \"coldstart\""));
    lines.add(gguf.isEmpty() ? "---" : "- \"gguf\"\n---");
    return String.join("\n", lines);
  }

  /** A string of JSON is one of YAML, too. */
  private static String quoted(String text) {
    return new JsonPrimitive(text).toString();
  }

  private String origin() {
    return "Made " + (baseModel == null ? "" : "from " + baseModel + " ") + "by " + method.words + " of "
        + result.trained() + (datasets.isEmpty() ? "" : " on " + String.join(", ", datasets))
        + (result.interrupted() ? "; the run was interrupted before its end." : ".");
  }

  private String run() {
    Map<String, Object> rows = new LinkedHashMap<>();
    rows.put("optimizer steps", format("%,d", result.steps()));
    rows.put("rows seen", format("%,d", result.rows()));
    rows.put("tokens seen, without padding", format("%,d", result.tokens()));
    rows.put("time", format("%.0f s", result.seconds()));
    ends(TrainingLog.Entry::loss).ifPresent(loss -> rows.put("training loss", loss));
    ends(TrainingLog.Entry::evalLoss).ifPresent(loss -> rows.put("held-out loss", loss));
    rows.put("Java", Runtime.version().feature());
    rows.put("libtorch, through DJL", Engine.getEngine("PyTorch").getVersion());
    return table("How it was made", rows);
  }

  /** The first and the last value that was logged. */
  private Optional<String> ends(ToDoubleFunction<TrainingLog.Entry> column) {
    List<TrainingLog.Entry> log = result.log().entries();
    double[] values = log.stream().mapToDouble(column).filter(value -> !Double.isNaN(value)).toArray();
    return values.length == 0 ? Optional.empty()
        : Optional.of(format("%.4f → %.4f", values[0], values[values.length - 1]));
  }

  /** Under TRL's names: {@code learning_rate}. */
  private String hyperParameters() {
    Map<String, Object> rows = new LinkedHashMap<>();
    recipe.forEach((setting, value) -> rows.put(setting.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT),
          value.toLowerCase(Locale.ROOT)));
    return table("Hyper-parameters", rows);
  }

  private static String table(String heading, Map<String, Object> rows) {
    StringBuilder table = new StringBuilder("## " + heading + "\n\n| | |\n|---|---|");
    rows.forEach((key, value) -> table.append("\n| " + key + " | " + value + " |"));
    return table.toString();
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
