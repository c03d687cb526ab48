package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.coldstart.io.checkpoint.Checkpoint;
import org.coldstart.io.checkpoint.CheckpointWriter;
import org.coldstart.io.config.GenerationConfig;
import org.coldstart.io.config.ModelConfig;
import org.coldstart.io.hub.Hub;
import org.coldstart.io.safetensors.TensorSource;
import org.coldstart.io.torch.Autograd;
import org.coldstart.io.torch.Precision;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.tokenizer.Tokenizer;

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
 * manager of the input ids, so closing it frees a whole step.
 */
public final class CausalLm implements AutoCloseable {

  private final Weights weights;
  private final Decoder decoder;
  private final IncrementalDecoder incremental;
  private final TrainableParameters trainable;
  private final VocabularyResizer vocabulary;
  private final GenerationConfig generationConfig;
  private ModelConfig config;

  private CausalLm(
      ModelConfig config, GenerationConfig generationConfig, TensorSource source, DType dtype) {
    NDManager manager = Torch.newManager();
    try {
      this.config = config;
      this.generationConfig = generationConfig;
      weights = new Weights(manager, dtype.stored());
      decoder = new Decoder(config, source, weights);
      incremental = new IncrementalDecoder(decoder);
      trainable = decoder.trainable();
      vocabulary = new VocabularyResizer(weights, trainable);
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
   * @throws org.coldstart.io.files.CheckpointException if the files are damaged, incomplete or of
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

  /**
   * A new model that has learnt nothing; transformers' {@code AutoModelForCausalLM.from_config}.
   *
   * @param config what it looks like, from a checkpoint or a {@link
   *     org.coldstart.model.LlamaConfig}
   * @param seed of its random weights: normally distributed matrices, norms of 1
   */
  public static CausalLm fromConfig(ModelConfig config, long seed) {
    return new CausalLm(
        config, GenerationConfig.of(config.ids()), new InitialWeights(config, seed), DType.F32);
  }

  /** What the network looks like; its vocabulary size follows {@link #resizeTokenEmbeddings}. */
  public ModelConfig config() {
    return config;
  }

  /** What the weights are held in: F32, or BF16 where that was asked for. */
  public DType dtype() {
    return DType.valueOf(weights.dtype().name());
  }

  /** The checkpoint's own defaults for generation; its end tokens among them. */
  public GenerationConfig generationConfig() {
    return generationConfig;
  }

  /**
   * All parameters by their names in the checkpoint; a tied head is not listed twice. An adapter's
   * are not among them.
   */
  public Map<String, NDArray> parameters() {
    trainable.writeBack();
    return weights.all();
  }

  /**
   * Chooses what training changes; without a choice, that is all parameters.
   *
   * @throws IllegalArgumentException if a pattern matches no parameter, naming those nearest to it,
   *     or a token has no row
   * @throws IllegalStateException if an adapter is attached
   */
  public synchronized void setTrainable(Trainable choice) {
    trainable.choose(choice);
  }

  /**
   * The parameters that training changes, by name: those chosen with {@link #setTrainable}, or an
   * attached adapter's. A trainer gives gradients and optimizer state to these and no others.
   *
   * @throws IllegalStateException if the adapter attached is merged at present
   */
  public Map<String, NDArray> trainableParameters() {
    return trainable.current();
  }

  /** How much of the model is trained. */
  public TrainableCount trainableCount() {
    return trainable.count();
  }

  /** The adapter that is attached, if one is. */
  public Optional<Lora> adapter() {
    return Optional.ofNullable(trainable.adapter());
  }

  /**
   * Turns dropout on for a batch to be trained on, where an adapter asks for dropout.
   *
   * @param batch its number, counted over the whole training: it decides what is dropped, so that a
   *     batch run twice and a resumed run drop the same
   */
  public void train(long batch) {
    adapter().ifPresent(lora -> lora.dropout().batch(OptionalLong.of(batch)));
  }

  /** Turns dropout off again, as it is from the start. */
  public void eval() {
    adapter().ifPresent(lora -> lora.dropout().batch(OptionalLong.empty()));
  }

  /** The number of values in the model, an adapter's not among them. */
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
    long[] rows = new long[(int) inputIds.getShape().get(0)];
    Arrays.fill(rows, inputIds.getShape().get(1));
    return decoder.forward(inputIds, decoder.overRows(inputIds.getManager(), rows, precision));
  }

  /** The same for the next tokens of the cache's rows, in f32; the cache grows by them. */
  public NDArray hiddenStates(NDArray inputIds, KvCache cache) {
    return incremental.forward(inputIds, cache);
  }

  /**
   * A cache for prompts of any lengths; {@link #nextLogits(NDManager, List, KvCache)} fills it.
   *
   * @param newTokens expected to follow; more may come
   */
  public KvCache newCache(List<int[]> prompts, int newTokens) {
    int width = prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(0);
    int[] padding = prompts.stream().mapToInt(prompt -> width - prompt.length).toArray();
    return new KvCache(config, padding, width + newTokens);
  }

  /**
   * Reads prompts into an empty cache and scores what comes after each. They stand end to end: a
   * short prompt costs no more beside a long one than alone.
   *
   * @param out owns the result
   * @param cache from {@link #newCache} for these prompts
   * @return f32, shape (batch, vocabulary)
   */
  public NDArray nextLogits(NDManager out, List<int[]> prompts, KvCache cache) {
    return incremental.begin(out, prompts, cache);
  }

  /**
   * Adds one token to each row of a cache and scores what comes after it.
   *
   * @param out owns the result
   * @param ids one a row
   * @return f32, shape (batch, vocabulary)
   */
  public NDArray nextLogits(NDManager out, long[] ids, KvCache cache) {
    return incremental.next(out, ids, cache);
  }

  /**
   * Makes ready for training what {@link #setTrainable} has chosen.
   *
   * @param gradientCheckpointing whether to save memory by running layers forward twice
   */
  public ForwardBackward trainingPass(Precision precision, boolean gradientCheckpointing) {
    return new ForwardBackward(this, precision, gradientCheckpointing);
  }

  /**
   * The scores of every token at some positions of rows that stand end to end.
   *
   * @param out owns the result
   * @param positions indices into {@code inputIds}
   * @return shape (positions, vocabulary)
   */
  public NDArray logitsAt(
      NDManager out, long[] inputIds, long[] rows, long[] positions, Precision precision) {
    NDArray hidden = decoder.forward(out.create(inputIds), decoder.overRows(out, rows, precision));
    return head(TorchOps.select(hidden, 0, out.create(positions)), precision);
  }

  /**
   * How well the model predicts some tokens, without gradients. Rows stand end to end; no position
   * sees another row.
   *
   * @param inputIds all rows' token ids
   * @param rows the rows' lengths, together as many as there are ids
   * @param positions where a label is predicted, ascending indices into {@code inputIds}
   * @param labels what should be predicted there
   */
  public LossSums loss(
      long[] inputIds, long[] rows, long[] positions, long[] labels, Precision precision) {
    return Autograd.withoutGradient(
        () -> {
          try (NDManager step = Torch.newManager()) {
            ForwardContext pass = decoder.overRows(step, rows, precision);
            NDArray hidden = decoder.forward(step.create(inputIds), pass);
            return decoder.head().loss(hidden, positions, labels, pass, 0, null);
          }
        });
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
   * Applies the final norm and the head, and caps the scores where the model says so.
   *
   * @param hidden shape (…, hidden), from {@link #hiddenStates(NDArray, Precision)}
   * @return shape (…, vocabulary)
   */
  public NDArray head(NDArray hidden, Precision precision) {
    Shape shape = hidden.getShape();
    NDArray flat = hidden.reshape(-1, config.hiddenSize());
    ForwardContext pass = ForwardContext.throughHead(precision, null);
    NDArray scores = Autograd.withoutGradient(() -> decoder.head().forward(flat, pass));
    return scores.reshape(shape.slice(0, shape.dimension() - 1).add(config.vocabSize()));
  }

  /**
   * The scores of every token for what comes after a text, in f32 and without gradients.
   *
   * @param ids the text's ids, at least one
   * @return one score a row of the embedding
   */
  public float[] nextTokenLogits(int[] ids) {
    long[] row = Arrays.stream(ids).asLongStream().toArray();
    long[] rows = {row.length};
    long[] last = {row.length - 1L};
    try (NDManager step = Torch.newManager()) {
      return logitsAt(step, row, rows, last, Precision.F32).toFloatArray();
    }
  }

  /** The embedding matrix, shape (vocabulary, hidden). */
  public NDArray embedding() {
    trainable.writeBack();
    return decoder.embedding();
  }

  /** The head's matrix, shape (vocabulary, hidden): the embedding itself where the two are tied. */
  public NDArray headWeight() {
    trainable.writeBack();
    return decoder.headWeight();
  }

  /** The network, for what is put on it or trains it. */
  Decoder decoder() {
    return decoder;
  }

  /** A manager that is closed with the model at the latest. */
  NDManager newManager() {
    return weights.newManager();
  }

  /**
   * Makes room for a grown vocabulary: adds rows to embedding and head. A matrix with that many
   * rows or more stays as it is; many have rows to spare behind their tokenizer's ids (Qwen: 151936
   * for 151669). To take rows off, see {@link #shrinkTokenEmbeddings}.
   *
   * <p>Added rows start as the mean of the old ones, which is what transformers' default amounts
   * to: a new token then begins as likely as an average one. A spare row that a new token falls
   * upon keeps what the checkpoint holds there; {@link #resizeTokenEmbeddings(Tokenizer)} and
   * {@link #embeddings} give it a start.
   *
   * @param size rows wanted, usually {@code tokenizer.size()}
   */
  public void resizeTokenEmbeddings(int size) {
    resizeTokenEmbeddings(size, 1);
  }

  /**
   * As {@link #resizeTokenEmbeddings(int)}, with the number of rows rounded up.
   *
   * @param padToMultipleOf what the number of rows is to be a multiple of, such as 64; it fills up
   *     whole tiles of a GPU's matrix units
   */
  public synchronized void resizeTokenEmbeddings(int size, int padToMultipleOf) {
    if (vocabulary.grow(size, padToMultipleOf)) {
      config = config.withVocabSize(vocabulary.rows());
    }
  }

  /**
   * Makes room for a tokenizer's tokens and gives those added since it was loaded a start, the mean
   * of the rows before them, whether or not the matrix had to grow. Rows that were given a start
   * before, here or through {@link #embeddings}, keep what they hold.
   *
   * @return the rows before and now, and the tokens whose rows begin anew
   */
  public ResizedEmbeddings resizeTokenEmbeddings(Tokenizer tokenizer) {
    return resizeTokenEmbeddings(tokenizer, 1);
  }

  /** As above, with the number of rows rounded up to a multiple. */
  public synchronized ResizedEmbeddings resizeTokenEmbeddings(
      Tokenizer tokenizer, int padToMultipleOf) {
    int before = config.vocabSize();
    resizeTokenEmbeddings(tokenizer.size(), padToMultipleOf);
    String[] waiting = vocabulary.waiting(tokenizer, before);
    if (waiting.length > 0) {
      embeddings(tokenizer).initialize(new EmbeddingInit.Mean(), waiting);
    }
    return new ResizedEmbeddings(before, config.vocabSize(), List.of(waiting));
  }

  /**
   * Takes rows off the end of embedding and head.
   *
   * @param size rows to keep; the tokens behind them are lost
   * @throws IllegalArgumentException if there are not that many
   */
  public synchronized void shrinkTokenEmbeddings(int size) {
    vocabulary.shrink(size);
    config = config.withVocabSize(size);
  }

  /** Remembers that a row holds what it is to begin with. */
  void markStarted(int id) {
    vocabulary.markStarted(id);
  }

  /**
   * Checks that every token of a tokenizer has a row here.
   *
   * @throws IllegalArgumentException naming both numbers and the way out
   */
  public void checkFits(Tokenizer tokenizer) {
    checkHasRows(tokenizer, new int[] {tokenizer.size() - 1});
  }

  /**
   * Checks that ids which a tokenizer made have rows here.
   *
   * @throws IllegalArgumentException naming the first token without a row, both numbers and the way
   *     out
   */
  public void checkHasRows(Tokenizer tokenizer, int[] ids) {
    vocabulary.check(tokenizer, ids);
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
   * the same for model and tokenizer together. An adapter that is attached is merged in what is
   * written, not in memory; {@link Lora#savePretrained} writes it alone.
   *
   * @throws org.coldstart.io.files.CheckpointException if it cannot be written; files that were
   *     there before stay whole
   */
  public void savePretrained(Path folder, SaveOptions options) {
    savePretrained(folder, options, generationConfig);
  }

  /** The same with other defaults for generation than those the model was loaded with. */
  synchronized void savePretrained(Path folder, SaveOptions options, GenerationConfig generation) {
    trainable.writeBack();
    try (MergedWeights merged = new MergedWeights(weights, trainable.unmerged())) {
      CheckpointWriter.write(
          folder, config, generation, merged, options.tensors(merged), options.maxShardSize());
    }
  }

  /**
   * Puts a checkpoint's weights into this model's tensors, in place.
   *
   * @param folderOrGguf a checkpoint of the same shape
   * @throws org.coldstart.io.files.CheckpointException if a tensor is missing or has another
   *     shape
   */
  public synchronized void loadWeights(Path folderOrGguf) {
    try (Checkpoint checkpoint = Checkpoint.open(folderOrGguf)) {
      weights.reload(checkpoint.tensors());
    }
  }

  /** Frees the weights. */
  @Override
  public synchronized void close() {
    weights.close();
  }
}
