package org.coldstart.train;

import ai.djl.engine.Engine;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a README.md beside a trained model says: where it comes from and how it was made.
 *
 * <pre>{@code
 * ModelCard card = ModelCard.of("smollm2-think", config, result)
 *     .baseModel("HuggingFaceTB/SmolLM2-135M-Instruct").license("apache-2.0").datasets("me/reasoning");
 * Pretrained.save(folder, model, tokenizer, SaveOptions.defaults(), Optional.of(card.toMarkdown()));
 * }</pre>
 *
 * <p>What is not known is left out. The head of the text is the YAML that model hubs read.
 *
 * @param name of the model, its heading
 * @param baseModel name on the hub or any other description of the model it was made from, or null
 * @param license the hub's short name of it, or null
 * @param datasets names on the hub, or any other description of the rows it learnt from
 * @param tags besides those every model of this library has
 * @param config the hyper-parameters
 * @param result what the run came to
 */
public record ModelCard(
    String name,
    String baseModel,
    String license,
    List<String> datasets,
    List<String> tags,
    SftConfig config,
    TrainingResult result) {

  /** {@code owner/name}: only such a name can be a link on the hub. */
  private static final Pattern HUB_NAME = Pattern.compile("[\\w-][\\w.-]*/[\\w-][\\w.-]*");

  public ModelCard {
    datasets = List.copyOf(datasets);
    tags = List.copyOf(tags);
  }

  /** A card of a run. */
  public static ModelCard of(String name, SftConfig config, TrainingResult result) {
    return new ModelCard(name, null, null, List.of(), List.of(), config, result);
  }

  /** The same with the model it was made from. */
  public ModelCard baseModel(String value) {
    return new ModelCard(name, value, license, datasets, tags, config, result);
  }

  /** The same with the licence, such as {@code apache-2.0}. */
  public ModelCard license(String value) {
    return new ModelCard(name, baseModel, value, datasets, tags, config, result);
  }

  /** The same with what it learnt from. */
  public ModelCard datasets(String... values) {
    return new ModelCard(name, baseModel, license, List.of(values), tags, config, result);
  }

  /** The same with these tags. */
  public ModelCard tags(String... values) {
    return new ModelCard(name, baseModel, license, datasets, List.of(values), config, result);
  }

  /** The text of README.md. */
  public String toMarkdown() {
    return String.join("\n\n", head(), "# " + name, origin(), run(), hyperParameters(), versions())
        + "\n";
  }

  private String head() {
    List<String> lines = new ArrayList<>(List.of("---", "library_name: transformers"));
    lines.add("pipeline_tag: text-generation");
    if (license != null) {
      lines.add("license: " + quoted(license));
    }
    if (baseModel != null && HUB_NAME.matcher(baseModel).matches()) {
      lines.add("base_model: " + quoted(baseModel));
    }
    addList(lines, "datasets", datasets.stream().filter(HUB_NAME.asMatchPredicate()));
    addList(lines, "tags", Stream.concat(Stream.of("sft", "coldstart"), tags.stream()).distinct());
    lines.add("---");
    return String.join("\n", lines);
  }

  private static void addList(List<String> lines, String key, Stream<String> values) {
    List<String> items = values.map(value -> "- " + quoted(value)).toList();
    if (!items.isEmpty()) {
      lines.add(key + ":");
      lines.addAll(items);
    }
  }

  /** A string of JSON is one of YAML, too. */
  private static String quoted(String text) {
    return new JsonPrimitive(text).toString();
  }

  private String origin() {
    return "Made "
        + (baseModel == null ? "" : "from " + baseModel + " ")
        + "by supervised fine-tuning of "
        + result.trained()
        + (datasets.isEmpty() ? "" : " on " + String.join(", ", datasets))
        + (result.interrupted() ? "; the run was interrupted before its end." : ".");
  }

  private String run() {
    List<String> rows = new ArrayList<>();
    rows.add(row("optimizer steps", number(result.steps())));
    rows.add(row("rows seen", number(result.rows())));
    rows.add(row("tokens seen, without padding", number(result.tokens())));
    rows.add(row("time", String.format(Locale.ROOT, "%.0f s", result.seconds())));
    ends(TrainingLog.Entry::loss).ifPresent(loss -> rows.add(row("training loss", loss)));
    ends(TrainingLog.Entry::evalLoss).ifPresent(loss -> rows.add(row("held-out loss", loss)));
    return table("How it was made", rows);
  }

  /** The first and the last value that was logged. */
  private Optional<String> ends(ToDoubleFunction<TrainingLog.Entry> column) {
    double[] values =
        result.log().entries().stream()
            .mapToDouble(column)
            .filter(value -> !Double.isNaN(value))
            .toArray();
    return values.length == 0
        ? Optional.empty()
        : Optional.of(
            String.format(Locale.ROOT, "%.4f → %.4f", values[0], values[values.length - 1]));
  }

  /** Under TRL's names: {@code learning_rate}. */
  private String hyperParameters() {
    List<String> rows = new ArrayList<>();
    config
        .recipe()
        .forEach(
            (name, value) ->
                rows.add(row(lower(name.replaceAll("(?=[A-Z])", "_")), lower(value))));
    return table("Hyper-parameters", rows);
  }

  private static String versions() {
    return table(
        "Versions",
        List.of(
            row("Java", Runtime.version().feature()),
            row("libtorch, through DJL", Engine.getEngine("PyTorch").getVersion())));
  }

  private static String table(String heading, List<String> rows) {
    return "## " + heading + "\n\n| | |\n|---|---|\n" + String.join("\n", rows);
  }

  private static String row(String key, Object value) {
    return "| " + key + " | " + value + " |";
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }
}
