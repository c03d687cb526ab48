package org.coldstart.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
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
import org.coldstart.io.torch.NativeMemory;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.tokenizer.Tokenizer;

/**
 * A causal language model: token ids in, a logit for every possible next token out.
 *
 * <pre>{@code
 * try (CausalLm model = CausalLm.fromPretrained("SmolLM2-135M-Instruct");
 *     NDManager step = Torch.newManager()) {
 *   NDArray ids = step.create(new long[] {1, 4093, 198}, new Shape(1, 3));
 *   NDArray logits = model.logits(ids, Precision.F32); // (1, 3, 49152)
 * }
 * }</pre>
 *
 * <p>
 * Weights are f32 whatever the file holds, unless another type is asked for. Results belong to the manager of the input
 * ids, so closing it frees a whole step. A model that is not closed is freed once nothing refers to it, its parameters
 * included.
 *
 * <p>
 * Whatever computes with the weights or changes them holds the model's lock: beside a training run, which holds it from
 * its first step to its last, other threads wait.
 */
public final class CausalLm implements AutoCloseable {

  private final Weights weights;
  private final NativeMemory memory;
  private final Decoder decoder;
  private final IncrementalDecoder incremental;
  private final TrainableParameters trainable;
  private final DType dtype;

  /** Rows behind the checkpoint's tokens that have been initialised. */
  private final BitSet initializedRows = new BitSet();

  private final GenerationConfig generationConfig;
  private volatile ModelConfig config;

  private CausalLm(ModelConfig config, GenerationConfig generationConfig, TensorSource source, DType dtype) {
    NativeMemory.freeUnreachable(CausalLm.class);
    this.config = config;
    this.generationConfig = generationConfig;
    this.dtype = dtype;
    weights = new Weights(Torch.newManager(), (dtype.packed() ? DType.F32 : dtype).stored());
    memory = NativeMemory.of(this, weights::close);
    try {
      decoder = new Decoder(config, source, weights, dtype);
      incremental = new IncrementalDecoder(decoder);
      trainable = new TrainableParameters(weights, config.tieWordEmbeddings(), dtype);
      weights.warnIfNotFinite(source.origin());
    } catch (RuntimeException | OutOfMemoryError e) {
      close();
      throw e;
    }
  }

  /**
   * Loads a model in f32.
   *
   * @param nameOrPath a folder, a {@code .gguf} file, the embedded default model's name, or one on the hub
   * @throws org.coldstart.io.files.CheckpointException if the files are damaged, incomplete or of an unknown
   * architecture
   */
  public static CausalLm fromPretrained(String nameOrPath) {
    return fromPretrained(Hub.model(nameOrPath));
  }

  /** Loads a model from a folder in Hugging Face's format or from a {@code .gguf} file, in f32. */
  public static CausalLm fromPretrained(Path folderOrGguf) {
    return fromPretrained(folderOrGguf, DType.F32);
  }

  /**
   * The same with the weights held in F32, BF16, INT8 or INT4. In BF16 they take half the memory; matrix products then
   * run in bf16 whatever the precision of a pass, everything else in f32. Such a model generates, is resized and saved,
   * but not trained: bf16 loses the small steps of training. In INT8 and INT4 they take a third and a sixth of the
   * memory, and a model generates and is evaluated, no more.
   */
  public static CausalLm fromPretrained(Path folderOrGguf, DType dtype) {
    if (dtype == DType.F16) {
      throw new IllegalArgumentException("Weights are held in F32, BF16, INT8 or INT4, not in " + dtype + ".");
    }
    try (Checkpoint checkpoint = Checkpoint.open(folderOrGguf)) {
      return new CausalLm(checkpoint.config(), checkpoint.generationConfig(), checkpoint.tensors(), dtype);
    }
  }

  /**
   * A new model that has learnt nothing; transformers' {@code AutoModelForCausalLM.from_config}.
   *
   * @param config from a checkpoint or a {@link LlamaConfig}
   * @param seed of its random weights: normally distributed matrices, norms of 1
   */
  public static CausalLm fromConfig(ModelConfig config, long seed) {
    return new CausalLm(config, GenerationConfig.of(config.ids()), new InitialWeights(config, seed), DType.F32);
  }

  /** What the network looks like; its vocabulary size follows {@link #resizeTokenEmbeddings}. */
  public ModelConfig config() {
    return config;
  }

  /** What the weights are held in: F32, BF16, INT8 or INT4. */
  public DType dtype() {
    return dtype;
  }

  /**
   * A copy of the model as it is now, an adapter merged in, whose weights are held in another type: in INT4 or INT8 it
   * replies several times as fast.
   *
   * <pre>{@code
   * CausalLm fast = model.to(DType.INT4);
   * System.out.println(fast); // LlamaForCausalLM, matrices in INT8: 1, INT4: 120
   * new Generator(fast, tokenizer).chat(…);
   * }</pre>
   *
   * <p>
   * What is trained afterwards is not in it: make another then.
   */
  public synchronized CausalLm to(DType other) {
    return new CausalLm(config, generationConfig, merged(), other);
  }

  private MergedWeights merged() {
    return new MergedWeights(weights, linears());
  }

  /** Refuses what needs the weights themselves where they are held in fewer bits. */
  private void requireWeights() {
    if (dtype.packed()) {
      throw new IllegalStateException("The model's weights are held in " + dtype
          + ", in which it generates and is evaluated, no more: load it in F32 or BF16, or take the model it was made of.");
    }
  }

  /** The architecture, and how many matrices are held in which type. */
  @Override
  public String toString() {
    return config.architecture() + ", matrices in " + decoder.dtypes().toString().replaceAll("[{}]", "").replace("=", ": ");
  }

  /** The checkpoint's defaults for generation, its end tokens among them. */
  public GenerationConfig generationConfig() {
    return generationConfig;
  }

  /** Logits of what comes after each position: int64 ids, (batch, time), → (…, vocabulary). */
  public synchronized NDArray logits(NDArray inputIds, Precision precision) {
    return head(hiddenStates(inputIds, precision), precision);
  }

  /** The last layer's output: int64 ids, (batch, time), padded on the right, → (…, hidden). */
  public synchronized NDArray hiddenStates(NDArray inputIds, Precision precision) {
    long[] seqLens = new long[(int) inputIds.getShape().get(0)];
    Arrays.fill(seqLens, inputIds.getShape().get(1));
    return decoder.forward(inputIds, decoder.packed(inputIds.getManager(), seqLens, 0, precision));
  }

  /** The same for the next tokens of the cache's rows, in f32; the cache grows by them. */
  public synchronized NDArray hiddenStates(NDArray inputIds, KvCache cache) {
    return incremental.forward(inputIds, cache);
  }

  /** The final norm and the logits: hidden states, (…, hidden), → (…, vocabulary). */
  public synchronized NDArray head(NDArray hidden, Precision precision) {
    Shape shape = hidden.getShape();
    NDArray flat = hidden.reshape(-1, config.hiddenSize());
    NDArray logits = decoder.head().forward(flat, ForwardContext.head(precision));
    return logits.reshape(shape.slice(0, shape.dimension() - 1).add(config.vocabSize()));
  }

  /**
   * Logits at some positions of packed sequences, shape (positions, vocabulary).
   *
   * @param out owns the result
   * @param inputIds all sequences' token ids
   * @param seqLens the sequences' lengths; no position attends to another sequence
   * @param positions indices into {@code inputIds}
   */
  public synchronized NDArray logitsAt(NDManager out, long[] inputIds, long[] seqLens, long[] positions,
      Precision precision) {
    ForwardContext pass = decoder.packed(out, seqLens, 0, precision);
    NDArray hidden = decoder.forward(out.create(inputIds), pass);
    return head(TorchOps.select(hidden, 0, out.create(positions)), precision);
  }

  /** The logits of what comes after a text of at least one token, in f32. */
  public float[] nextTokenLogits(int[] ids) {
    long[] row = Arrays.stream(ids).asLongStream().toArray();
    try (NDManager step = Torch.newManager()) {
      long[] last = {row.length - 1L};
      return logitsAt(step, row, new long[] {row.length}, last, Precision.F32).toFloatArray();
    }
  }

  /** The loss of packed sequences, without gradients, see {@link #predictions}. */
  public LossSums loss(long[] inputIds, long[] seqLens, long[] positions, long[] labels, Precision precision) {
    return predictions(inputIds, seqLens, positions, labels, 1, precision).sums();
  }

  /**
   * How the labels of packed sequences are predicted, without gradients.
   *
   * @param inputIds all sequences' token ids
   * @param seqLens the sequences' lengths
   * @param positions where a label is predicted, ascending indices into {@code inputIds}
   * @param labels the token that should be predicted there
   * @param temperature divides the logits; 1 for the model's own distribution
   */
  public synchronized Predictions predictions(long[] inputIds, long[] seqLens, long[] positions, long[] labels,
      double temperature, Precision precision) {
    try (NDManager step = Torch.newManager()) {
      ForwardContext pass = decoder.packed(step, seqLens, 0, precision);
      NDArray hidden = decoder.forward(step.create(inputIds), pass);
      return decoder.head().loss(hidden, positions, labels, pass, new LabelWeights(null, 0, temperature), null);
    }
  }

  /** An empty cache for prompts, with room for so many tokens after them; more may come. */
  public KvCache newCache(List<int[]> prompts, int newTokens) {
    int width = prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(0);
    int[] padding = prompts.stream().mapToInt(prompt -> width - prompt.length).toArray();
    return new KvCache(config, padding, width + newTokens);
  }

  /** Reads prompts into their {@link #newCache} → logits of what comes next, f32, owned by out. */
  public synchronized NDArray nextLogits(NDManager out, List<int[]> prompts, KvCache cache) {
    return incremental.begin(out, prompts, cache);
  }

  /** Adds one token to each row of a cache → logits of what comes next, likewise. */
  public synchronized NDArray nextLogits(NDManager out, long[] ids, KvCache cache) {
    return incremental.next(out, ids, cache);
  }

  /** All parameters by their names in the checkpoint; a tied head is not listed twice. */
  public Map<String, NDArray> parameters() {
    requireWeights();
    return weights.all();
  }

  /** The number of values in the model, an adapter's not among them. */
  public long parameterCount() {
    return parameters().values().stream().mapToLong(NDArray::size).sum();
  }

  /** The embedding matrix, shape (vocabulary, hidden). */
  public NDArray embedding() {
    return decoder.embedding();
  }

  /** The head's matrix, shape (vocabulary, hidden): the embedding itself where the two are tied. */
  public NDArray headWeight() {
    requireWeights();
    return decoder.headWeight();
  }

  /** The decoder's linear layers by name, in the order of the forward pass. */
  public Map<String, Linear> linears() {
    requireWeights();
    return decoder.linears();
  }

  /**
   * Chooses what training changes: all parameters without a choice.
   *
   * @throws IllegalArgumentException if a pattern matches nothing, or a token has no row
   * @throws IllegalStateException if an adapter is attached
   */
  public synchronized void setTrainable(Trainable choice) {
    trainable.choose(choice);
  }

  /**
   * The parameters that training changes, by name: those chosen with {@link #setTrainable}, or an attached adapter's.
   *
   * @throws IllegalStateException if the adapter is merged at present
   */
  public Map<String, NDArray> trainableParameters() {
    return trainable.current();
  }

  /** How much of the model is trained. */
  public TrainableParameters.Count trainableCount() {
    return trainable.count();
  }

  /** Forward and backward for what is trainable, with or without gradient checkpointing. */
  public ForwardBackward trainingPass(Precision precision, boolean gradientCheckpointing) {
    return new ForwardBackward(this, precision, gradientCheckpointing);
  }

  /** Turns an adapter's dropout on for a batch, whose number in the whole training decides what is dropped. */
  public void train(long batch) {
    adapter().ifPresent(adapter -> adapter.train(OptionalLong.of(batch)));
  }

  /** Turns dropout off again, as it is from the start. */
  public void eval() {
    adapter().ifPresent(adapter -> adapter.train(OptionalLong.empty()));
  }

  /** The adapter that is attached, if one is. */
  public Optional<Adapter> adapter() {
    return Optional.ofNullable(trainable.adapter());
  }

  /** What is trained at present. */
  public TrainableParameters trainable() {
    return trainable;
  }

  /** A manager that is closed with the model at the latest. */
  public NDManager newManager() {
    return weights.newManager();
  }

  Weights weights() {
    return weights;
  }

  Decoder decoder() {
    return decoder;
  }

  BitSet initializedRows() {
    return initializedRows;
  }

  /**
   * Adds rows to embedding and head up to {@code size}, each the mean of the old ones (transformers' default). A matrix
   * with that many rows or more stays as it is: many have rows to spare behind their tokenizer's ids (Qwen: 151936 for
   * 151669), which {@link #resizeTokenEmbeddings(Tokenizer)} and {@link #embeddings} initialise.
   */
  public synchronized void resizeTokenEmbeddings(int size) {
    if (size < config.vocabSize()) {
      throw new IllegalArgumentException(
          "The embedding has %d rows, and rows are not taken away: not even for %d; resizeTokenEmbeddings(tokenizer)"
            .formatted(config.vocabSize(), size) + " makes use of rows to spare.");
    }
    TokenEmbeddings.grow(this, size);
    config = config.withVocabSize(Math.toIntExact(embedding().getShape().get(0)));
  }

  /**
   * Makes room for a tokenizer's tokens and initialises the rows of those added since it was loaded with the mean of
   * the rows before them, whether or not the matrix had to grow; rows initialised before keep what they hold.
   */
  public synchronized TokenEmbeddings.Resized resizeTokenEmbeddings(Tokenizer tokenizer) {
    int before = config.vocabSize();
    resizeTokenEmbeddings(Math.max(before, tokenizer.size()));
    String[] added = embeddings(tokenizer).uninitialized(before);
    if (added.length > 0) {
      embeddings(tokenizer).initialize(new EmbeddingInit.Mean(), added);
    }
    return new TokenEmbeddings.Resized(before, config.vocabSize(), List.of(added));
  }

  /** The embedding's rows by token, to look at and to initialise. */
  public TokenEmbeddings embeddings(Tokenizer tokenizer) {
    return new TokenEmbeddings(this, tokenizer);
  }

  /** {@link #checkHasRows} for all of a tokenizer's tokens. */
  public void checkFits(Tokenizer tokenizer) {
    checkHasRows(tokenizer, new int[] {tokenizer.size() - 1});
  }

  /** Refuses a tokenizer's ids without rows here, naming the first token and the way out. */
  public void checkHasRows(Tokenizer tokenizer, int[] ids) {
    embeddings(tokenizer).checkRows(ids);
  }

  /** Writes the model in the type it is held in, see {@link #savePretrained(Path, SaveOptions)}. */
  public void savePretrained(Path folder) {
    savePretrained(folder, SaveOptions.defaults());
  }

  /** The same with the weights stored as F32, BF16 or F16. */
  public void savePretrained(Path folder, DType dtype) {
    savePretrained(folder, SaveOptions.defaults().in(dtype));
  }

  /**
   * Writes {@code config.json}, {@code generation_config.json} and the weights so that Python's transformers loads
   * them. At any moment, {@code kill -9} included, the folder has the old model's files or the new one's;
   * {@link Pretrained#save} does the same with the tokenizer. An attached adapter is merged in what is written, not in
   * memory.
   *
   * @throws org.coldstart.io.files.CheckpointException if it cannot be written
   */
  public void savePretrained(Path folder, SaveOptions options) {
    savePretrained(folder, options, generationConfig);
  }

  /** The same with other defaults for generation than those the model was loaded with. */
  synchronized void savePretrained(Path folder, SaveOptions options, GenerationConfig generation) {
    CheckpointWriter.write(folder, config, generation, merged(), options.stored(dtype()), options.maxShardSize());
  }

  /**
   * Puts a checkpoint's weights into this model's tensors, in place.
   *
   * @throws org.coldstart.io.files.CheckpointException if a tensor is missing or has another shape
   */
  public synchronized void loadWeights(Path folderOrGguf) {
    requireWeights();
    try (Checkpoint checkpoint = Checkpoint.open(folderOrGguf)) {
      weights.reload(checkpoint.tensors());
      trainable.writeTokens();
    }
  }

  /** Frees the weights. */
  @Override
  public synchronized void close() {
    memory.free();
  }
}
