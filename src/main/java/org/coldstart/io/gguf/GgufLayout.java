package org.coldstart.io.gguf;

import com.google.gson.JsonObject;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.coldstart.io.config.RopeParameters;
import org.coldstart.io.files.CheckpointException;
import org.coldstart.io.safetensors.StoredTensor;

/** How llama.cpp names and stores a decoder's tensors, as against Hugging Face. */
final class GgufLayout {
  private static final Map<String, String> OUTER = Map.of("token_embd", "model.embed_tokens", "output_norm",
      "model.norm", "output", "lm_head");
  private static final Map<String, String> INNER = Map.ofEntries(Map.entry("attn_norm", "input_layernorm"),
      Map.entry("attn_q", "self_attn.q_proj"), Map.entry("attn_k", "self_attn.k_proj"),
      Map.entry("attn_v", "self_attn.v_proj"), Map.entry("attn_output", "self_attn.o_proj"),
      Map.entry("attn_q_norm", "self_attn.q_norm"), Map.entry("attn_k_norm", "self_attn.k_norm"),
      Map.entry("post_attention_norm", "post_attention_layernorm"),
      Map.entry("post_ffw_norm", "post_feedforward_layernorm"), Map.entry("ffn_gate", "mlp.gate_proj"),
      Map.entry("ffn_up", "mlp.up_proj"), Map.entry("ffn_down", "mlp.down_proj"));
  private static final Pattern NAME = Pattern.compile("(?:blk\\.(\\d{1,6})\\.)?([a-z_]+)\\.(weight|bias)");

  private GgufLayout() {}

  /**
   * The Hugging Face name of a llama.cpp tensor, if it is one of a decoder.
   *
   * @param sandwiched whether there are norms after attention and feed-forward part, too; the norm before the latter
   * then has another name in Hugging Face
   */
  static Optional<String> huggingFaceName(String name, boolean sandwiched) {
    Matcher parts = NAME.matcher(name);
    if (!parts.matches()) {
      return Optional.empty();
    }
    boolean outer = parts.group(1) == null;
    String module = (outer ? OUTER : INNER).get(parts.group(2));
    if (!outer && parts.group(2).equals("ffn_norm")) {
      module = sandwiched ? "pre_feedforward_layernorm" : "post_attention_layernorm";
    }
    String prefix = outer ? "" : "model.layers." + Integer.parseInt(parts.group(1)) + ".";
    return Optional.ofNullable(module).map(found -> prefix + found + "." + parts.group(3));
  }

  /** Tables of rotary frequencies follow from the configuration; they are no weights. */
  static boolean isRopeTable(String name) {
    return name.equals("rope_freqs.weight") || name.endsWith(".attn_rot_embd.weight");
  }

  /**
   * Reads a q or k projection (or its bias) of {@code heads} heads with its rows in Hugging Face's order.
   *
   * <p>
   * Hugging Face rotates halves of a head ({@code j} with {@code j + d/2}), llama.cpp neighbours ({@code 2j} with
   * {@code 2j + 1}); its converter ({@code LlamaModel.permute} in {@code
   * convert_hf_to_gguf.py}) moves the rows of each head so that both give the same result.
   */
  static void readUnpermuted(StoredTensor tensor, long heads, long offset, FloatBuffer into) {
    tensor.checkRange(offset, into.remaining());
    long rows = tensor.info().shape().get(0);
    long columns = tensor.info().elements() / rows;
    int end = into.limit();
    while (into.position() < end) {
      long column = offset % columns;
      long stored = storedRow(offset / columns, rows / heads) * columns + column;
      int count = (int) Math.min(end - into.position(), columns - column);
      into.limit(into.position() + count);
      tensor.read(stored, into);
      into.limit(end);
      offset += count;
    }
  }

  /** Where llama.cpp keeps a row; it interleaves both halves of a head. */
  private static long storedRow(long row, long headDim) {
    long within = row % headDim;
    long half = headDim / 2;
    return row - within + within % half * 2 + within / half;
  }

  /**
   * The {@code rope_scaling} of config.json behind {@code rope_freqs.weight}, empty for a table of ones. llama.cpp's
   * converter writes only what each frequency is divided by; Llama 3.1 to 3.3 all use low 1, high 4 and an original
   * length of 8192, with a factor of 8 or 32, and the factor is the largest entry. A table that these do not reproduce
   * is refused.
   */
  static Optional<JsonObject> ropeScaling(StoredTensor table, double theta, int headDim) {
    float[] divisors = values(table, headDim);
    double factor = 1;
    for (float divisor : divisors) {
      factor = Math.max(factor, divisor);
    }
    RopeParameters candidate = factor == 1 ? RopeParameters.plain(theta)
        : new RopeParameters(RopeParameters.Type.LLAMA3, theta, factor, 1, 4, 8192);
    for (int i = 0; i < divisors.length; i++) {
      double wavelength = 2 * Math.PI * Math.pow(theta, (double) i / divisors.length);
      double expected = candidate.stretch(wavelength);
      if (!(Math.abs(divisors[i] - expected) <= 1e-5 * expected)) {
        throw refused(table, "entry " + i + " is " + divisors[i] + " instead of " + expected);
      }
    }
    return factor == 1 ? Optional.empty() : Optional.of(candidate.scaling());
  }

  private static float[] values(StoredTensor table, int headDim) {
    long entries = table.info().elements();
    if (entries != headDim / 2) {
      throw refused(table, "it has " + entries + " entries for heads of " + headDim);
    }
    FloatBuffer values = FloatBuffer.allocate((int) entries);
    table.read(0, values);
    return values.array();
  }

  private static CheckpointException refused(StoredTensor table, String why) {
    return new CheckpointException(
        "The rotary table %s is not that of a Llama 3 (%s), so the rope scaling of this GGUF file"
          .formatted(table.info().name(), why) + " is unknown. Use the safetensors checkpoint.");
  }
}
