package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.coldstart.checkpoint.Checkpoint;
import org.coldstart.checkpoint.CheckpointWriter;
import org.coldstart.checkpoint.DType;
import org.coldstart.checkpoint.GenerationConfig;
import org.coldstart.checkpoint.ModelConfig;
import org.coldstart.checkpoint.SaveOptions;
import org.coldstart.checkpoint.TensorSource;
import org.coldstart.hub.Hub;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.torch.Autograd;
import org.coldstart.torch.FloatType;
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
 * <p>Weights are f32 whatever the file holds, unless bf16 is asked for. Results belong to the
 * manager of the input ids, so closing it frees a whole step. Whether a pass is recorded for
 * gradients is the thread's mode, see {@link org.coldstart.torch.Autograd}.
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

  private CausalLm(
      ModelConfig config, GenerationConfig generationConfig, TensorSource source, DType dtype) {
    NDManager manager = Torch.newManager();
    try {
      this.config = config;
      this.generationConfig = generationConfig;
      weights = new Weights(manager, dtype);
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
      weights.warnIfNotFinite(source.origin());
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

  /** Loads a model from a folder in Hugging Face's format or from a {@code .gguf} file, in f32. */
  public static CausalLm fromPretrained(Path folderOrGguf) {
    return fromPretrained(folderOrGguf, DType.F32);
  }

  /**
   * The same with the weights held in the given type.
   *
   * <p>In BF16 they take half the memory. Matrix products then run in bf16 whatever the precision
   * of a pass, everything else in f32. Such a model gives replies, can be resized and saved;
   * trained it cannot be, for bf16 loses the small steps of training.
   *
   * @param dtype F32 or BF16
   * @throws IllegalArgumentException if it is another
   */
  public static CausalLm fromPretrained(Path folderOrGguf, DType dtype) {
    if (dtype != DType.F32 && dtype != DType.BF16) {
      throw new IllegalArgumentException("Weights are held in F32 or BF16, not in " + dtype + ".");
    }
    try (Checkpoint checkpoint = Checkpoint.open(folderOrGguf)) {
      return new CausalLm(
          checkpoint.config(),
          checkpoint
              .generationConfig()
              .orElseGet(() -> GenerationConfig.fromJson(new JsonObject())),
          checkpoint.tensors(),
          dtype);
    }
  }

  /** What the network looks like; its vocabulary size follows {@link #resizeTokenEmbeddings}. */
  public ModelConfig config() {
    return config;
  }

  /** What the weights are held in: F32, or BF16 where that was asked for. */
  public DType dtype() {
    return weights.dtype();
  }

  /** The checkpoint's own defaults for generation; its end tokens among them. */
  public GenerationConfig generationConfig() {
    return generationConfig;
  }

  /** All parameters by their names in the checkpoint; a tied head is not listed twice. */
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
    NDManager out = inputIds.getManager();
    int time = (int) inputIds.getShape().get(1);
    return decode(
        inputIds,
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
        decode(inputIds, new Pass(Precision.F32, cos, sin, cache.mask(out, time), cache));
    cache.advance(time);
    return hidden;
  }

  private NDArray decode(NDArray inputIds, Pass pass) {
    NDArray x = TorchOps.embedding(inputIds, embedding());
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
    FloatType type = FloatType.valueOf(dtype().name());
    weights.replace(EMBEDDING, resized(embedding(), type, size));
    if (!config.tieWordEmbeddings()) {
      weights.replace(HEAD, resized(headWeight(), type, size));
    }
    config = config.withVocabSize(size);
  }

  private static NDArray resized(NDArray matrix, FloatType type, int rows) {
    long old = matrix.getShape().get(0);
    NDArray resized = TorchOps.empty(matrix.getManager(), type, rows, matrix.getShape().get(1));
    // A view left open would keep the whole old matrix alive beside the new one.
    try (NDArray kept = TorchOps.slice(matrix, 0, 0, Math.min(rows, old))) {
      TorchOps.write(resized, kept, 0, 0);
      if (rows > old) {
        try (NDArray mean = TorchOps.meanRow(kept);
            NDArray added = mean.broadcast(new Shape(rows - old, matrix.getShape().get(1)))) {
          TorchOps.write(resized, added, 0, old);
        }
      }
    }
    return resized;
  }

  /** The embedding's rows by token, to look at and to give new tokens a start. */
  public TokenEmbeddings embeddings(Tokenizer tokenizer) {
    return new TokenEmbeddings(this, tokenizer);
  }

  /**
   * Writes {@code config.json}, {@code generation_config.json} and the weights, as they are in
   * memory.
   *
   * @see #savePretrained(Path, SaveOptions)
   */
  public void savePretrained(Path folder) {
    savePretrained(folder, SaveOptions.defaults());
  }

  /**
   * The same with the weights stored as {@code dtype}: F32, BF16 or F16.
   *
   * @see #savePretrained(Path, SaveOptions)
   */
  public void savePretrained(Path folder, DType dtype) {
    savePretrained(folder, SaveOptions.defaults().in(dtype));
  }

  /**
   * Writes the model so that Python's transformers loads it. At any moment, {@code kill -9}
   * included, the folder has the old model's files or the new one's; {@link Pretrained#save} does
   * the same for model and tokenizer together.
   *
   * @throws org.coldstart.checkpoint.CheckpointException if it cannot be written; files that were
   *     there before stay whole
   */
  public synchronized void savePretrained(Path folder, SaveOptions options) {
    CheckpointWriter.write(folder, config, generationConfig, weights, options);
  }

  /** Frees the weights. */
  @Override
  public synchronized void close() {
    weights.close();
  }
}
