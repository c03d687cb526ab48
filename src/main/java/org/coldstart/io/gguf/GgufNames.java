package org.coldstart.io.gguf;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The names of a decoder's tensors, llama.cpp's ({@code blk.0.attn_q.weight}) and Hugging Face's. */
final class GgufNames {
  private static final Pattern NAME = Pattern.compile("(?:(?:blk|model\\.layers)\\.(\\d{1,6})\\.)?(.+)\\.(weight|bias)");

  /** llama.cpp's modules, each followed by Hugging Face's. */
  private static final String[] MODULES = {"token_embd", "model.embed_tokens", "output_norm", "model.norm", "output",
    "lm_head", "attn_norm", "input_layernorm", "attn_q", "self_attn.q_proj", "attn_k", "self_attn.k_proj", "attn_v",
    "self_attn.v_proj", "attn_output", "self_attn.o_proj", "attn_q_norm", "self_attn.q_norm", "attn_k_norm",
    "self_attn.k_norm", "post_attention_norm", "post_attention_layernorm", "post_ffw_norm",
    "post_feedforward_layernorm", "ffn_gate", "mlp.gate_proj", "ffn_up", "mlp.up_proj", "ffn_down", "mlp.down_proj"};

  private static final Map<String, String> HUGGING_FACE = new TreeMap<>();
  private static final Map<String, String> GGUF = new TreeMap<>();

  static {
    for (int i = 0; i < MODULES.length; i += 2) {
      HUGGING_FACE.put(MODULES[i], MODULES[i + 1]);
      GGUF.put(MODULES[i + 1], MODULES[i]);
    }
  }

  private GgufNames() {}

  /** Hugging Face's name, or empty for a tensor of no known decoder; {@code sandwiched}: norms after attention, too. */
  static Optional<String> toHuggingFace(String name, boolean sandwiched) {
    return translated(name, "model.layers.",
        module -> module.equals("ffn_norm") ? feedForwardNorm(sandwiched) : HUGGING_FACE.get(module));
  }

  /** The inverse. */
  static Optional<String> toGguf(String name, boolean sandwiched) {
    return translated(name, "blk.",
        module -> module.equals(feedForwardNorm(sandwiched)) ? "ffn_norm" : GGUF.get(module));
  }

  /** The norm before the feed-forward part has another name where one follows attention, too. */
  private static String feedForwardNorm(boolean sandwiched) {
    return sandwiched ? "pre_feedforward_layernorm" : "post_attention_layernorm";
  }

  private static Optional<String> translated(String name, String layers, UnaryOperator<String> modules) {
    Matcher parts = NAME.matcher(name);
    String module = parts.matches() ? modules.apply(parts.group(2)) : null;
    if (module == null) {
      return Optional.empty();
    }
    String layer = parts.group(1) == null ? "" : layers + Integer.parseInt(parts.group(1)) + ".";
    return Optional.of(layer + module + "." + parts.group(3));
  }
}
