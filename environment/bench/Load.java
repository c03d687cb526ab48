import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.coldstart.io.torch.Torch;
import org.coldstart.model.CausalLm;
import org.coldstart.model.DType;
import org.coldstart.model.Machine;
import org.coldstart.model.Pretrained;
import org.coldstart.tokenizer.Tokenizer;

/** Our side of environment/bench/load: FOLDER TARGET OUT.json. */
class Load {
  private static final String[] NEW = {"<think>", "</think>", "<answer>", "</answer>"};
  private static final JsonObject RESULTS = new JsonObject();

  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    try (Tokenizer tokenizer = Tokenizer.fromPretrained(folder)) {
      tokenizer.addTokens(NEW);
      Torch.device(); // the engine starts
      stage("before", () -> null);
      CausalLm model = stage("load", () -> CausalLm.fromPretrained(folder, DType.BF16));
      int[] prompt = IntStream.range(1000, 1064).toArray();
      stage("next token", () -> softmax(model.nextTokenLogits(prompt)));
      stage("resize", () -> run(() -> model.resizeTokenEmbeddings(tokenizer)));
      stage("clone row", () -> run(() -> model.embeddings(tokenizer).cloneEmbedding("token744", NEW)));
      stage("save", () -> run(() -> Pretrained.save(Path.of(arguments[1]), model, tokenizer)));
      model.close();
    }
    Files.writeString(Path.of(arguments[2]), RESULTS.toString());
  }

  /** Runs one stage; notes its seconds and the most bytes resident while it ran. */
  private static <T> T stage(String name, Callable<T> work) throws Exception {
    Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    long start = System.nanoTime();
    Duration busy = busy();
    T value = work.call();
    JsonObject result = new JsonObject();
    result.addProperty("seconds", (System.nanoTime() - start) / 1e9);
    result.addProperty("cpu", busy().minus(busy).toNanos() / 1e9);
    result.addProperty("peak", Machine.peakResidentBytes().orElseThrow());
    RESULTS.add(name, result);
    return value;
  }

  private static Duration busy() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow();
  }

  private static Void run(Runnable work) {
    work.run();
    return null;
  }

  private static double[] softmax(float[] logits) {
    double[] weights = IntStream.range(0, logits.length).mapToDouble(i -> Math.exp(logits[i])).toArray();
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(weight -> weight / sum).toArray();
  }
}
