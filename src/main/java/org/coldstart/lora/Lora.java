package org.coldstart.lora;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredType;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.Adapter;
import org.coldstart.model.CausalLm;
import org.coldstart.model.Linear;
import org.coldstart.model.Trainable;
import org.coldstart.model.TrainableTokens;
import org.coldstart.model.Weights;

/**
 * A low-rank adapter on a model's linear layers (Hu et al., 2021): the model's own weights stay, and only the adapter
 * is trained. Files and names are those of Python's PEFT.
 *
 * <pre>{@code
 * Lora lora = Lora.attach(model, LoraConfig.builder().r(8).loraAlpha(16).build());
 * System.out.println(model.trainableCount());
 * new SftTrainer(model, tokenizer, config, train, eval).train();
 * lora.savePretrained(Path.of("my-adapter"));
 * lora.mergeAndUnload();
 * }</pre>
 *
 * <p>
 * While an adapter is attached, whatever is done with the model is done with both together: generation, evaluation, and
 * {@link CausalLm#savePretrained}, which writes a whole model with the adapter merged in. The adapter's memory is freed
 * with the model's, or when it is unloaded.
 */
public final class Lora implements Adapter {

  private final CausalLm model;
  private final LoraConfig config;
  private final NDManager manager;
  private final Weights tensors;
  private final LoraLayer.Dropout dropout;
  private final Map<String, LoraLayer> layers = new LinkedHashMap<>();
  private final Map<String, TrainableTokens> tokens = new LinkedHashMap<>();
  private boolean merged;
  private boolean unloaded;

  /** An adapter yet to be attached; {@code files} is null for a new one. */
  private Lora(CausalLm model, LoraConfig config, List<String> targets, LoraFiles files) {
    this.model = model;
    this.config = config;
    this.manager = model.newManager();
    this.tensors = new Weights(manager, StoredType.F32);
    this.dropout = new LoraLayer.Dropout(config.loraDropout(), config.seed());
    try {
      targets.forEach(target -> addLayer(target, model.linears().get(target), files));
      tokenMatrices(model, config).forEach(key -> addTokens(key, files));
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /**
   * Puts a new adapter on a model: PEFT's {@code get_peft_model}. A is drawn from Kaiming's uniform distribution and B
   * is zero, so that the logits are the same at first.
   *
   * @throws IllegalArgumentException if a target module or token does not exist
   * @throws IllegalStateException if the model has an adapter already
   */
  public static Lora attach(CausalLm model, LoraConfig config) {
    synchronized (model) {
      return attached(model, config, null);
    }
  }

  /**
   * Puts a saved adapter on a model: PEFT's {@code PeftModel.from_pretrained}. It can be trained further. Where PEFT
   * saved a whole resized embedding or head along, it takes the place of the model's, which must have its size.
   *
   * @param folder holds {@code adapter_config.json} and {@code adapter_model.safetensors}
   * @throws CheckpointException if files are missing or damaged, belong to another base model, or ask for what is not
   * implemented
   * @throws IllegalStateException if the model has an adapter already
   */
  public static Lora fromPretrained(CausalLm model, Path folder) {
    synchronized (model) {
      try (LoraFiles files = LoraFiles.open(folder)) {
        return attached(model, files.config(), files);
      } catch (IllegalArgumentException e) {
        throw new CheckpointException("The adapter in " + folder + " does not fit this model: " + e.getMessage(), e);
      }
    }
  }

  private static Lora attached(CausalLm model, LoraConfig config, LoraFiles files) {
    checkTokens(model, config);
    List<String> targets = config.targetModules().among(model.linears().keySet(), config.layersToTransform());
    model.trainable().choose(Trainable.all());
    if (files != null) {
      files.check(shapes(model, config, targets), model);
      files.fillWholeMatrices(model);
    }
    LoraConfig resolved = config.withTargetModules(config.targetModules().resolved(targets));
    Lora lora = new Lora(model, resolved, targets, files);
    model.trainable().attach(lora, lora.tokens);
    lora.layers.values().forEach(layer -> layer.base().adapt(layer));
    return lora;
  }

  private static void checkTokens(CausalLm model, LoraConfig config) {
    Map<String, List<Integer>> tokens = config.trainableTokenIndices();
    tokens.values().forEach(ids -> TrainableTokens.check(ids, model.config().vocabSize()));
    List<Integer> ofHead = tokens.get("lm_head");
    if (model.config().tieWordEmbeddings() && ofHead != null && !ofHead.equals(tokens.get("embed_tokens"))) {
      throw new IllegalArgumentException("The head of this model is the embedding: name the tokens under embed_tokens,"
          + " and the head's rows are trained with them.");
    }
  }

  /** The shapes of an adapter's tensors on a model, by their names. */
  private static Map<String, long[]> shapes(CausalLm model, LoraConfig config, List<String> targets) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    for (String target : targets) {
      Shape weight = model.linears().get(target).weight().getShape();
      shapes.put(LoraFiles.nameOfA(target), new long[] {config.r(), weight.get(1)});
      shapes.put(LoraFiles.nameOfB(target), new long[] {weight.get(0), config.r()});
    }
    for (String key : tokenMatrices(model, config)) {
      int rows = config.trainableTokenIndices().get(key).size();
      shapes.put(LoraFiles.nameOfTokens(key), new long[] {rows, model.config().hiddenSize()});
    }
    return shapes;
  }

  /** The matrices that have trained rows: a tied head is the embedding. */
  private static List<String> tokenMatrices(CausalLm model, LoraConfig config) {
    Stream<String> keys = config.trainableTokenIndices().keySet().stream();
    return keys.filter(key -> key.equals("embed_tokens") || !model.config().tieWordEmbeddings()).toList();
  }

  private void addLayer(String target, Linear base, LoraFiles files) {
    Shape weight = base.weight().getShape();
    NDArray a = tensor(files, LoraFiles.nameOfA(target), config.r(), weight.get(1));
    NDArray b = tensor(files, LoraFiles.nameOfB(target), weight.get(0), config.r());
    layers.put(target, new LoraLayer(base, a, b, config.scale(), dropout, layers.size()));
  }

  private NDArray tensor(LoraFiles files, String name, long... shape) {
    if (files != null) {
      return tensors.load(files.tensors(), name, shape);
    }
    NDArray tensor = manager.zeros(new Shape(shape));
    if (name.endsWith("lora_A.weight")) {
      fillKaimingUniform(tensor, name);
    }
    tensors.put(name, tensor);
    return tensor;
  }

  /** kaiming_uniform_ with a = √5, torch's start for linear layers: uniform within ±1 / √in. */
  private void fillKaimingUniform(NDArray a, String name) {
    double bound = 1 / Math.sqrt(a.getShape().get(1));
    SplittableRandom random = new SplittableRandom(config.seed() * 31 + name.hashCode());
    float[] values = new float[Math.toIntExact(a.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((2 * random.nextDouble() - 1) * bound);
    }
    TorchOps.fill(a, values);
  }

  private void addTokens(String key, LoraFiles files) {
    NDArray matrix = key.equals("lm_head") ? model.headWeight() : model.embedding();
    List<Integer> ids = config.trainableTokenIndices().get(key);
    TrainableTokens rows = new TrainableTokens(manager, matrix, ids);
    String name = LoraFiles.nameOfTokens(key);
    tensors.put(name, rows.rows());
    tokens.put(name, rows);
    if (files != null) {
      Weights.fill(files.tensors(), name, rows.rows());
    }
  }

  @Override
  public LoraConfig config() {
    return config;
  }

  /** The names of the linear layers adapted, in the order of the forward pass. */
  public List<String> targets() {
    return List.copyOf(layers.keySet());
  }

  @Override
  public Map<String, NDArray> tensors() {
    return tensors.all();
  }

  @Override
  public Map<String, NDArray> parameters() {
    if (merged) {
      throw new IllegalStateException(
          "The adapter is merged into the weights, where it cannot be trained: call unmergeAdapter() first.");
    }
    return tensors.all();
  }

  @Override
  public boolean dropsOut() {
    return config.loraDropout() > 0;
  }

  @Override
  public void train(OptionalLong batch) {
    dropout.batch(batch);
  }

  @Override
  public <T> T disabled(Supplier<T> work) {
    synchronized (model) {
      parameters(); // not merged
      layers.values().forEach(layer -> layer.base().adapt(null));
      tokens.values().forEach(TrainableTokens::restore);
      try {
        return work.get();
      } finally {
        layers.values().forEach(layer -> layer.base().adapt(layer));
        tokens.values().forEach(TrainableTokens::writeBack);
      }
    }
  }

  /** Adds the adapter to the base weights, W + s · BA: a pass costs what it costs without one, logits stay. */
  public void mergeAdapter() {
    setMerged(true);
  }

  /** Subtracts the adapter from the base weights again, as PEFT does: exact but for rounding (about 1e-7). */
  public void unmergeAdapter() {
    setMerged(false);
  }

  private void setMerged(boolean merge) {
    synchronized (model) {
      requireLoaded();
      if (merged != merge) {
        for (LoraLayer layer : layers.values()) {
          layer.addTo(layer.base().weight(), 0, merge ? 1 : -1);
          layer.base().adapt(merge ? null : layer);
        }
        merged = merge;
      }
    }
  }

  /** Merges the adapter for good; returns the model, without adapter. */
  public CausalLm mergeAndUnload() {
    synchronized (model) {
      mergeAdapter();
      return detached();
    }
  }

  /** Takes the adapter off; returns the model as it was before, but for {@link #unmergeAdapter}'s rounding. */
  public CausalLm unload() {
    synchronized (model) {
      unmergeAdapter();
      tokens.values().forEach(TrainableTokens::restore);
      return detached();
    }
  }

  private CausalLm detached() {
    layers.values().forEach(layer -> layer.base().adapt(null));
    model.trainable().detach();
    manager.close();
    unloaded = true;
    return model;
  }

  private void requireLoaded() {
    if (unloaded) {
      throw new IllegalStateException("This adapter was taken off its model.");
    }
  }

  /**
   * Writes {@code adapter_model.safetensors} in f32 and {@code adapter_config.json}, which Python's PEFT loads. Of a
   * resized embedding, only the rows that {@code trainableTokenIndices} names are in the file: save the base model with
   * its new rows, too, if there are others.
   *
   * @throws CheckpointException if they cannot be written
   */
  public void savePretrained(Path folder) {
    synchronized (model) {
      requireLoaded();
      LoraFiles.write(folder, config, tensors);
    }
  }
}
