package org.coldstart.checkpoint;

import java.nio.FloatBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How llama.cpp's converter stores a Llama: its own tensor names, and the rows of the q and k
 * projections reordered.
 *
 * <p>Hugging Face rotates halves of a head ({@code j} with {@code j + d/2}), llama.cpp neighbours
 * ({@code 2j} with {@code 2j + 1}); the converter ({@code LlamaModel.permute} in {@code
 * convert_hf_to_gguf.py}) moves the rows of each head so that both give the same result. Here they
 * are moved back while reading.
 */
final class LlamaGguf {
  private static final Map<String, String> OUTER =
      Map.of(
          "token_embd", "model.embed_tokens",
          "output_norm", "model.norm",
          "output", "lm_head");
  private static final Map<String, String> INNER =
      Map.of(
          "attn_norm", "input_layernorm",
          "attn_q", "self_attn.q_proj",
          "attn_k", "self_attn.k_proj",
          "attn_v", "self_attn.v_proj",
          "attn_output", "self_attn.o_proj",
          "ffn_norm", "post_attention_layernorm",
          "ffn_gate", "mlp.gate_proj",
          "ffn_up", "mlp.up_proj",
          "ffn_down", "mlp.down_proj");
  private static final Pattern NAME =
      Pattern.compile("(?:blk\\.(\\d{1,6})\\.)?([a-z_]+)\\.(weight|bias)");

  private LlamaGguf() {}

  /** The Hugging Face name of a llama.cpp tensor, if it is one of a Llama. */
  static Optional<String> huggingFaceName(String name) {
    Matcher parts = NAME.matcher(name);
    if (!parts.matches()) {
      return Optional.empty();
    }
    boolean outer = parts.group(1) == null;
    String module = (outer ? OUTER : INNER).get(parts.group(2));
    if (module == null) {
      return Optional.empty();
    }
    String prefix = outer ? "" : "model.layers." + Integer.parseInt(parts.group(1)) + ".";
    return Optional.of(prefix + module + "." + parts.group(3));
  }

  /**
   * Reads a q or k projection (or its bias) of {@code heads} heads with its rows back in Hugging
   * Face's order.
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

  /**
   * Where llama.cpp keeps the row that Hugging Face has at {@code row}, both halves of a head
   * interleaved.
   */
  static long storedRow(long row, long headDim) {
    long head = row / headDim;
    long within = row % headDim;
    long half = headDim / 2;
    return head * headDim + within % half * 2 + within / half;
  }
}
