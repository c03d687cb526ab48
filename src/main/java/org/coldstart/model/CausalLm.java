package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.coldstart.checkpoint.AtomicFiles;
import org.coldstart.checkpoint.Checkpoint;
import org.coldstart.checkpoint.DType;
import org.coldstart.checkpoint.GenerationConfig;
import org.coldstart.checkpoint.ModelConfig;
import org.coldstart.checkpoint.SafetensorsWriter;
import org.coldstart.checkpoint.TensorSource;
import org.coldstart.hub.Hub;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.torch.Autograd;
import org.coldstart.torch.Precision;
import org.coldstart.torch.Torch;
import org.coldstart.torch.TorchOps;

/**
 * A causal language model: token ids in, a score for every possible next token out.
 *
 * <pre>{@code
 * try (CausalLm model = CausalLm.fromPretrained("SmolLM2-135M-Instruct");
 *     NDManager step = Torch.newManager()) {
 *   NDArray ids = step.create(new long[] {1, 4093, 198}, new Shape(1, 3));
 *   NDArray logits = model.logits(ids, Precision.F32); // (1, 3, 49152)
 * }
 * }</pre>
 *
 * <p>Weights are f32 whatever the file holds. Results belong to the manager of the input ids, so
 * closing it frees a whole step. Whether a pass is recorded for gradients is the thread's mode, see
 * {@link org.coldstart.torch.Autograd}.
 */
public final class CausalLm implements AutoCloseable {

  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";

  private final Weights weights;
  private final RotaryEmbedding rotary;
  private final List<DecoderLayer> layers;
  private final RmsNorm norm;
  private final GenerationConfig generationConfig;
  private ModelConfig config;

  private CausalLm(ModelConfig config, GenerationConfig generationConfig, TensorSource source) {
    NDManager manager = Torch.newManager();
    try {
      this.config = config;
      this.generationConfig = generationConfig;
      weights = new Weights(manager);
      rotary = new RotaryEmbedding(manager, config.rope(), config.headDim());
      weights.load(source, EMBEDDING, config.vocabSize(), config.hiddenSize());
      layers = new ArrayList<>();
      LayerLoader loader = new LayerLoader(config, source, weights);
      for (int i = 0; i < config.numHiddenLayers(); i++) {
        layers.add(loader.layer(i));
      }
      norm = loader.norm("model.norm");
      if (!config.tieWordEmbeddings()) {
        weights.load(source, HEAD, config.vocabSize(), config.hiddenSize());
      }
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /**
   * Loads a model by name or path.
   *
   * @param nameOrPath a folder, a {@code .gguf} file, the name of the embedded default model, or a
   *     model's name on the hub
   * @throws org.coldstart.checkpoint.CheckpointException if the files are damaged, incomplete or of
   *     an architecture this decoder does not know
   */
  public static CausalLm fromPretrained(String nameOrPath) {
    return fromPretrained(Hub.model(nameOrPath));
  }

  /** Loads a model from a folder in Hugging Face's format or from a {@code .gguf} file. */
  public static CausalLm fromPretrained(Path folderOrGguf) {
    try (Checkpoint checkpoint = Checkpoint.open(folderOrGguf)) {
      return new CausalLm(
          checkpoint.config(),
          checkpoint
              .generationConfig()
              .orElseGet(() -> GenerationConfig.fromJson(new JsonObject())),
          checkpoint.tensors());
    }
  }

  /** What the network looks like; its vocabulary size follows {@link #resizeTokenEmbeddings}. */
  public ModelConfig config() {
    return config;
  }

  /** The checkpoint's own defaults for generation; its end tokens among them. */
  public GenerationConfig generationConfig() {
    return generationConfig;
  }

  /** All parameters by their names in the checkpoint, in f32; a tied head is not listed twice. */
  public Map<String, NDArray> parameters() {
    return weights.all();
  }

  /** The number of trained values. */
  public long parameterCount() {
    return parameters().values().stream().mapToLong(NDArray::size).sum();
  }

  /**
   * The last layer's output before the final norm, every position seeing itself and those before
   * it.
   *
   * <p>Rows of unequal length are padded on the right: no position sees what comes after it, so
   * padding changes nothing on its left and needs no mask.
   *
   * @param inputIds int64, shape (batch, time)
   * @return shape (batch, time, hidden)
   */
  public NDArray hiddenStates(NDArray inputIds, Precision precision) {
    return hiddenStates(inputIds, precision, UnaryOperator.identity());
  }

  /**
   * The same with a change to the embeddings, shape (batch, time, hidden), before the first layer:
   * where training adds noise.
   */
  public NDArray hiddenStates(
      NDArray inputIds, Precision precision, UnaryOperator<NDArray> onEmbeddings) {
    NDManager out = inputIds.getManager();
    int time = (int) inputIds.getShape().get(1);
    return decode(
        onEmbeddings.apply(TorchOps.embedding(inputIds, embedding())),
        new Pass(precision, rotary.cos(out, 0, time), rotary.sin(out, 0, time), null, null));
  }

  /** The same for the next tokens of the cache's rows, in f32; the cache grows by them. */
  public NDArray hiddenStates(NDArray inputIds, KvCache cache) {
    NDManager out = inputIds.getManager();
    int rows = (int) inputIds.getShape().get(0);
    int time = (int) inputIds.getShape().get(1);
    NDArray positions = out.create(cache.positions(time));
    int greatest = cache.length() + time;
    NDArray cos = rotary.cosAt(out, positions, greatest).reshape(rows, 1, time, config.headDim());
    NDArray sin = rotary.sinAt(out, positions, greatest).reshape(rows, 1, time, config.headDim());
    NDArray hidden =
        decode(
            TorchOps.embedding(inputIds, embedding()),
            new Pass(Precision.F32, cos, sin, cache.mask(out, time), cache));
    cache.advance(time);
    return hidden;
  }

  private NDArray decode(NDArray embeddings, Pass pass) {
    NDArray x = embeddings;
    for (DecoderLayer layer : layers) {
      x = layer.forward(x, pass);
    }
    return x;
  }

  /**
   * The scores of every token, for each position's successor.
   *
   * @param inputIds int64, shape (batch, time)
   * @return shape (batch, time, vocabulary)
   */
  public NDArray logits(NDArray inputIds, Precision precision) {
    return head(hiddenStates(inputIds, precision), precision);
  }

  /**
   * Applies the final norm and the head.
   *
   * @param hidden shape (…, hidden), from {@link #hiddenStates(NDArray, Precision)}
   * @return shape (…, vocabulary)
   */
  public NDArray head(NDArray hidden, Precision precision) {
    return TorchOps.linear(norm.forward(hidden), headWeight(), null, precision);
  }

  /**
   * The scores of every token for what comes after a text, in f32 and without gradients.
   *
   * @param ids the text's ids, at least one
   * @return one score a row of the embedding
   */
  public float[] nextTokenLogits(int[] ids) {
    return Autograd.withoutGradient(
        () -> {
          try (NDManager step = Torch.newManager()) {
            long[] row = Arrays.stream(ids).asLongStream().toArray();
            NDArray inputIds = step.create(row, new Shape(1, row.length));
            NDArray last =
                TorchOps.slice(hiddenStates(inputIds, Precision.F32), 1, row.length - 1L, 1);
            return head(last, Precision.F32).toFloatArray();
          }
        });
  }

  /** The embedding matrix, shape (vocabulary, hidden). */
  public NDArray embedding() {
    return weights.get(EMBEDDING);
  }

  /** The head's matrix, shape (vocabulary, hidden): the embedding itself where the two are tied. */
  public NDArray headWeight() {
    return config.tieWordEmbeddings() ? embedding() : weights.get(HEAD);
  }

  /**
   * Makes room for a grown vocabulary: adds rows to embedding and head, or takes rows off their
   * end.
   *
   * <p>Added rows start as the mean of the old ones, which is what transformers' default amounts
   * to: a new token then begins as likely as an average one. See {@link #embeddings} for better
   * starts.
   *
   * @param size rows wanted, usually {@code tokenizer.size()}
   */
  public synchronized void resizeTokenEmbeddings(int size) {
    if (size < 1) {
      throw new IllegalArgumentException("An embedding needs at least one row, not " + size + ".");
    }
    weights.replace(EMBEDDING, resized(embedding(), size));
    if (!config.tieWordEmbeddings()) {
      weights.replace(HEAD, resized(headWeight(), size));
    }
    config = config.withVocabSize(size);
  }

  private static NDArray resized(NDArray matrix, int rows) {
    long old = matrix.getShape().get(0);
    // A view left open would keep the whole old matrix alive beside the new one.
    try (NDArray view = TorchOps.slice(matrix, 0, 0, Math.min(rows, old));
        NDArray kept = view.stopGradient()) {
      if (rows <= old) {
        return kept.duplicate();
      }
      try (NDArray mean = kept.mean(new int[] {0}, true);
          NDArray added = mean.broadcast(new Shape(rows - old, matrix.getShape().get(1)))) {
        return kept.concat(added, 0);
      }
    }
  }

  /** The embedding's rows by token, to look at and to give new tokens a start. */
  public TokenEmbeddings embeddings(Tokenizer tokenizer) {
    return new TokenEmbeddings(this, tokenizer);
  }

  /**
   * Writes {@code model.safetensors}, {@code config.json} and {@code generation_config.json} in
   * f32.
   *
   * @see #savePretrained(Path, DType)
   */
  public void savePretrained(Path folder) {
    savePretrained(folder, DType.F32);
  }

  /**
   * Writes the model so that Python's transformers loads it.
   *
   * @param dtype F32, BF16 or F16
   * @throws org.coldstart.checkpoint.CheckpointException if it cannot be written; files that were
   *     there before stay whole
   */
  public synchronized void savePretrained(Path folder, DType dtype) {
    AtomicFiles.writeFolder(
        folder,
        aside -> {
          SafetensorsWriter.write(aside.resolve("model.safetensors"), weights, dtype);
          AtomicFiles.writeString(aside.resolve("config.json"), json(config.toJson(dtype)));
          AtomicFiles.writeString(
              aside.resolve("generation_config.json"), json(generationConfig.toJson()));
        });
  }

  /**
   * Puts a checkpoint's weights into this model's tensors, in place.
   *
   * @param folderOrGguf a checkpoint of the same shape
   * @throws org.coldstart.checkpoint.CheckpointException if a tensor is missing or has another
   *     shape
   */
  public synchronized void loadWeights(Path folderOrGguf) {
    try (Checkpoint checkpoint = Checkpoint.open(folderOrGguf)) {
      weights.reload(checkpoint.tensors());
    }
  }

  private static String json(JsonObject object) {
    return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(object)
        + "\n";
  }

  /** Frees the weights. */
  @Override
  public synchronized void close() {
    weights.close();
  }
}
