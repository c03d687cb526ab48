package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredType;

/**
 * A low-rank adapter on a model's linear layers (Hu et al., 2021): the model's own weights stay,
 * and only the adapter is trained. Files and names are those of Python's PEFT.
 *
 * <pre>{@code
 * Lora lora = Lora.attach(model, LoraConfig.builder().r(8).loraAlpha(16).build());
 * System.out.println(model.trainableCount());
 * new SftTrainer(model, tokenizer, config, train, eval).train();
 * lora.savePretrained(Path.of("my-adapter"));
 * lora.mergeAndUnload();
 * }</pre>
 *
 * <p>While an adapter is attached, whatever is done with the model is done with both together:
 * generation, evaluation, and {@link CausalLm#savePretrained}, which writes a whole model with the
 * adapter merged in.
 */
public final class Lora {

  private final CausalLm model;
  private final LoraConfig config;
  private final Weights tensors;
  private final LoraDropout dropout;
  private final Map<String, LoraLayer> layers = new LinkedHashMap<>();
  private final TrainableTokens embeddingRows;
  private final TrainableTokens headRows;
  private boolean merged;
  private boolean unloaded;

  /** Where the first values of an adapter's tensor come from. */
  private interface Source {
    NDArray tensor(String name, long... shape);
  }

  private Lora(CausalLm model, LoraConfig config, List<String> targets, LoraFiles files) {
    this.model = model;
    this.config = config;
    this.tensors = new Weights(model.newManager(), StoredType.F32);
    this.dropout = new LoraDropout(config.loraDropout(), config.seed());
    try {
      Source source =
          files == null ? this::fresh : (name, shape) -> files.load(tensors, name, shape);
      targets.forEach(target -> addLayer(target, source));
      embeddingRows =
          rows("embed_tokens", "model.embed_tokens", model.decoder().embedding(), files);
      headRows =
          model.config().tieWordEmbeddings()
              ? embeddingRows
              : rows("lm_head", "lm_head", model.decoder().headWeight(), files);
    } catch (RuntimeException e) {
      tensors.close();
      throw e;
    }
  }

  /**
   * Puts a new adapter on a model: PEFT's {@code get_peft_model}. A is drawn from Kaiming's uniform
   * distribution and B is zero, so the model says at first what it said before. Rows chosen with
   * {@link CausalLm#setTrainable} are written into the model.
   *
   * @throws IllegalArgumentException if a target module or token does not exist, listing those that
   *     do
   * @throws IllegalStateException if the model has an adapter already
   */
  public static Lora attach(CausalLm model, LoraConfig config) {
    synchronized (model) {
      return attached(model, config, null);
    }
  }

  /**
   * Puts a saved adapter on a model: PEFT's {@code PeftModel.from_pretrained}. It can be trained
   * further. Where PEFT saved a whole resized embedding or head along, it takes the place of the
   * model's, which must have its size.
   *
   * @param folder holds {@code adapter_config.json} and {@code adapter_model.safetensors}
   * @throws org.coldstart.io.files.CheckpointException if files are missing or damaged, belong to
   *     another base model, or ask for what is not implemented
   * @throws IllegalStateException if the model has an adapter already
   */
  public static Lora fromPretrained(CausalLm model, Path folder) {
    synchronized (model) {
      try (LoraFiles files = LoraFiles.open(folder)) {
        return attached(model, files.config(), files);
      } catch (IllegalArgumentException e) {
        throw new CheckpointException(
            "The adapter in " + folder + " does not fit this model: " + e.getMessage(), e);
      }
    }
  }

  private static Lora attached(CausalLm model, LoraConfig config, LoraFiles files) {
    TrainableParameters trainable = model.decoder().trainable();
    checkRows(model, config);
    List<String> targets =
        config
            .targetModules()
            .among(model.decoder().linears().keySet(), config.layersToTransform());
    trainable.choose(Trainable.all());
    if (files != null) {
      files.check(shapes(model, config, targets), model);
      files.fillWholeMatrices(model);
    }
    Lora lora = new Lora(model, resolved(config, targets), targets, files);
    trainable.attach(lora, lora.embeddingRows, lora.headRows);
    lora.layers.forEach((name, layer) -> layer.base().adapt(layer));
    return lora;
  }

  /** The shapes of an adapter's tensors on a model. */
  private static Map<String, long[]> shapes(
      CausalLm model, LoraConfig config, List<String> targets) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    for (String target : targets) {
      Shape base = model.decoder().linears().get(target).weight().getShape();
      shapes.put(tensorName(target, "lora_A"), new long[] {config.r(), base.get(1)});
      shapes.put(tensorName(target, "lora_B"), new long[] {base.get(0), config.r()});
    }
    config
        .trainableTokenIndices()
        .forEach(
            (module, ids) -> {
              boolean embedding = module.equals("embed_tokens");
              if (embedding || !model.config().tieWordEmbeddings()) {
                shapes.put(
                    LoraFiles.PREFIX + rowsName(embedding ? "model.embed_tokens" : "lm_head"),
                    new long[] {ids.size(), model.config().hiddenSize()});
              }
            });
    return shapes;
  }

  private static void checkRows(CausalLm model, LoraConfig config) {
    Map<String, List<Integer>> tokens = config.trainableTokenIndices();
    tokens.values().forEach(ids -> TrainableTokens.check(ids, model.config().vocabSize()));
    if (model.config().tieWordEmbeddings()
        && tokens.containsKey("lm_head")
        && !tokens.get("lm_head").equals(tokens.get("embed_tokens"))) {
      throw new IllegalArgumentException(
          "The head of this model is the embedding: name the tokens under embed_tokens, and the"
              + " head's rows are trained with them.");
    }
  }

  /** PEFT, too, saves the names that "all-linear" stood for. */
  private static LoraConfig resolved(LoraConfig config, List<String> targets) {
    if (!LoraTargets.ALL_LINEAR.equals(config.targetModules().regex())) {
      return config;
    }
    String[] names =
        targets.stream()
            .map(target -> target.substring(target.lastIndexOf('.') + 1))
            .distinct()
            .toArray(String[]::new);
    return config.withTargetModules(LoraTargets.named(names));
  }

  private void addLayer(String target, Source source) {
    Linear base = model.decoder().linears().get(target);
    Shape shape = base.weight().getShape();
    NDArray a = source.tensor(tensorName(target, "lora_A"), config.r(), shape.get(1));
    NDArray b = source.tensor(tensorName(target, "lora_B"), shape.get(0), config.r());
    layers.put(target, new LoraLayer(base, a, b, config.scale(), dropout, layers.size()));
  }

  private NDArray fresh(String name, long... shape) {
    NDArray zeros = tensors.add(name, new Shape(shape));
    if (name.endsWith("lora_B.weight")) {
      return zeros;
    }
    // kaiming_uniform_ with a = √5, torch's start for linear layers, comes to 1 / √in.
    double bound = 1 / Math.sqrt(shape[1]);
    SplittableRandom random = new SplittableRandom(config.seed() * 31 + name.hashCode());
    float[] values = new float[Math.toIntExact(zeros.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((2 * random.nextDouble() - 1) * bound);
    }
    zeros.set(values);
    return zeros;
  }

  private TrainableTokens rows(String key, String module, NDArray matrix, LoraFiles files) {
    List<Integer> ids = config.trainableTokenIndices().get(key);
    if (ids == null) {
      return null;
    }
    TrainableTokens rows = new TrainableTokens(tensors.newManager(), matrix, ids);
    String name = LoraFiles.PREFIX + rowsName(module);
    tensors.put(name, rows.rows());
    if (files != null) {
      files.fill(rows.rows(), name);
    }
    return rows;
  }

  private static String tensorName(String module, String part) {
    return LoraFiles.PREFIX + module + "." + part + ".weight";
  }

  /** The name under which PEFT keeps the trained rows of a module. */
  static String rowsName(String module) {
    return module + ".token_adapter.trainable_tokens_delta";
  }

  /** What the adapter is like. */
  public LoraConfig config() {
    return config;
  }

  /** The names of the linear layers adapted, in the order of the forward pass. */
  public List<String> targets() {
    return List.copyOf(layers.keySet());
  }

  /** Whether the base weights hold the adapter at present. */
  public boolean isMerged() {
    return merged;
  }

  /** The adapter's tensors by their names in its file. */
  public Map<String, NDArray> tensors() {
    return tensors.all();
  }

  /** The same, to be trained. */
  Map<String, NDArray> parameters() {
    if (merged) {
      throw new IllegalStateException(
          "The adapter is merged into the weights, where it cannot be trained: call"
              + " unmergeAdapter() first.");
    }
    return tensors.all();
  }

  LoraDropout dropout() {
    return dropout;
  }

  /** What is not in the base weights yet, by the weight's name. */
  Map<String, LoraLayer> unmerged() {
    Map<String, LoraLayer> byWeight = new LinkedHashMap<>();
    if (!merged) {
      layers.forEach((name, layer) -> byWeight.put(name + ".weight", layer));
    }
    return byWeight;
  }

  /**
   * Adds the adapter to the base weights, so that a pass costs what it costs without one. It says
   * the same but for rounding.
   */
  public void mergeAdapter() {
    synchronized (model) {
      requireLoaded();
      if (!merged) {
        layers.values().forEach(layer -> layer.addTo(layer.base().weight(), 1));
        layers.values().forEach(layer -> layer.base().adapt(null));
        model.decoder().trainable().writeBack();
        merged = true;
      }
    }
  }

  /**
   * Takes the adapter out of the base weights again by subtracting what was added, as PEFT does:
   * the weights come back to the last bits' rounding (about 1e-7 of their size), the trained rows'
   * to the bit.
   */
  public void unmergeAdapter() {
    synchronized (model) {
      requireLoaded();
      if (merged) {
        layers.values().forEach(layer -> layer.addTo(layer.base().weight(), -1));
        layers.values().forEach(layer -> layer.base().adapt(layer));
        model.decoder().trainable().restoreRows();
        merged = false;
      }
    }
  }

  /**
   * Merges the adapter for good.
   *
   * @return the model, without adapter
   */
  public CausalLm mergeAndUnload() {
    synchronized (model) {
      mergeAdapter();
      close();
      return model;
    }
  }

  /**
   * Takes the adapter off.
   *
   * @return the model as it was before, see {@link #unmergeAdapter} for how exactly
   */
  public CausalLm unload() {
    synchronized (model) {
      unmergeAdapter();
      model.decoder().trainable().restoreRows();
      close();
      return model;
    }
  }

  private void close() {
    layers.values().forEach(layer -> layer.base().adapt(null));
    if (model.decoder().trainable().adapter() == this) {
      model.decoder().trainable().detach();
    }
    tensors.close();
    unloaded = true;
  }

  private void requireLoaded() {
    if (unloaded) {
      throw new IllegalStateException("This adapter was taken off its model.");
    }
  }

  /**
   * Writes {@code adapter_model.safetensors} in f32 and {@code adapter_config.json}, which Python's
   * PEFT loads. Of a resized embedding, only the rows that {@code trainableTokenIndices} names are
   * in the file: save the base model with its new rows, too, if there are others.
   *
   * @throws org.coldstart.io.files.CheckpointException if they cannot be written; files that were
   *     there before stay whole
   */
  public void savePretrained(Path folder) {
    synchronized (model) {
      requireLoaded();
      LoraFiles.write(folder, config, tensors);
    }
  }
}
