package org.coldstart.io.checkpoint;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** llama.cpp's names for a decoder's tensors, and Hugging Face's. */
final class GgufNames {
  private static final Map<String, String> OUTER =
      Map.of(
          "token_embd", "model.embed_tokens",
          "output_norm", "model.norm",
          "output", "lm_head");
  private static final Map<String, String> INNER =
      Map.ofEntries(
          Map.entry("attn_norm", "input_layernorm"),
          Map.entry("attn_q", "self_attn.q_proj"),
          Map.entry("attn_k", "self_attn.k_proj"),
          Map.entry("attn_v", "self_attn.v_proj"),
          Map.entry("attn_output", "self_attn.o_proj"),
          Map.entry("attn_q_norm", "self_attn.q_norm"),
          Map.entry("attn_k_norm", "self_attn.k_norm"),
          Map.entry("post_attention_norm", "post_attention_layernorm"),
          Map.entry("post_ffw_norm", "post_feedforward_layernorm"),
          Map.entry("ffn_gate", "mlp.gate_proj"),
          Map.entry("ffn_up", "mlp.up_proj"),
          Map.entry("ffn_down", "mlp.down_proj"));
  private static final String BEFORE_FEED_FORWARD = "ffn_norm";
  private static final Pattern NAME =
      Pattern.compile("(?:blk\\.(\\d{1,6})\\.)?([a-z_]+)\\.(weight|bias)");

  private GgufNames() {}

  /**
   * The Hugging Face name of a llama.cpp tensor, if it is one of a decoder.
   *
   * @param sandwiched whether there are norms after attention and feed-forward part, too; the norm
   *     before the latter then has another name in Hugging Face
   */
  static Optional<String> huggingFaceName(String name, boolean sandwiched) {
    Matcher parts = NAME.matcher(name);
    if (!parts.matches()) {
      return Optional.empty();
    }
    boolean outer = parts.group(1) == null;
    String part = parts.group(2);
    String module = (outer ? OUTER : INNER).get(part);
    if (!outer && part.equals(BEFORE_FEED_FORWARD)) {
      module = sandwiched ? "pre_feedforward_layernorm" : "post_attention_layernorm";
    }
    if (module == null) {
      return Optional.empty();
    }
    String prefix = outer ? "" : "model.layers." + Integer.parseInt(parts.group(1)) + ".";
    return Optional.of(prefix + module + "." + parts.group(3));
  }
}
