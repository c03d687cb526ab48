package org.coldstart.io.gguf;

import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A decoder's tensors by llama.cpp's names and by Hugging Face's: {@code blk.0.attn_q.weight}. */
final class GgufNames {
  private static final Pattern GGUF = Pattern.compile("(?:blk\\.(\\d{1,6})\\.)?([a-z_]+)\\.(weight|bias)");
  private static final Pattern HUGGING_FACE = Pattern
    .compile("(?:model\\.layers\\.(\\d{1,6})\\.)?([a-z_.]+)\\.(weight|bias)");

  /** Hugging Face's modules by llama.cpp's: those outside the layers, and those in one. */
  private static final Map<String, String> OUTER = Map.of("token_embd", "model.embed_tokens", "output_norm",
      "model.norm", "output", "lm_head");
  private static final Map<String, String> INNER = Map.ofEntries(Map.entry("attn_norm", "input_layernorm"),
      Map.entry("attn_q", "self_attn.q_proj"), Map.entry("attn_k", "self_attn.k_proj"),
      Map.entry("attn_v", "self_attn.v_proj"), Map.entry("attn_output", "self_attn.o_proj"),
      Map.entry("attn_q_norm", "self_attn.q_norm"), Map.entry("attn_k_norm", "self_attn.k_norm"),
      Map.entry("post_attention_norm", "post_attention_layernorm"),
      Map.entry("post_ffw_norm", "post_feedforward_layernorm"), Map.entry("ffn_gate", "mlp.gate_proj"),
      Map.entry("ffn_up", "mlp.up_proj"), Map.entry("ffn_down", "mlp.down_proj"));

  /** The norm before the feed-forward part; Hugging Face calls it otherwise where one follows attention, too. */
  private static final String FFN_NORM = "ffn_norm";

  private GgufNames() {}

  /** Hugging Face's name, or empty for a tensor of no known decoder; {@code sandwiched}: norms after attention, too. */
  static Optional<String> toHuggingFace(String name, boolean sandwiched) {
    String norm = sandwiched ? "pre_feedforward_layernorm" : "post_attention_layernorm";
    return translated(GGUF, name, OUTER::get, inner -> inner.equals(FFN_NORM) ? norm : INNER.get(inner),
        "model.layers.");
  }

  /** The inverse. */
  static Optional<String> toGguf(String name, boolean sandwiched) {
    String norm = sandwiched ? "pre_feedforward_layernorm" : "post_attention_layernorm";
    return translated(HUGGING_FACE, name, inverse(OUTER)::get,
        inner -> inner.equals(norm) ? FFN_NORM : inverse(INNER).get(inner), "blk.");
  }

  private static Optional<String> translated(Pattern pattern, String name, Function<String, String> outer,
      Function<String, String> inner, String layers) {
    Matcher parts = pattern.matcher(name);
    if (!parts.matches()) {
      return Optional.empty();
    }
    boolean outside = parts.group(1) == null;
    String module = (outside ? outer : inner).apply(parts.group(2));
    String prefix = outside ? "" : layers + Integer.parseInt(parts.group(1)) + ".";
    return Optional.ofNullable(module).map(known -> prefix + known + "." + parts.group(3));
  }

  private static Map<String, String> inverse(Map<String, String> names) {
    return names.entrySet().stream().collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
  }
}
