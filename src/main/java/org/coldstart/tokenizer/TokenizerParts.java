package org.coldstart.tokenizer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.gguf.GgufFile;
import org.coldstart.io.json.JsonFiles;

/** The two halves of a tokenizer as loaded: how text is split, and which token plays which role. */
record TokenizerParts(TokenizerJson json, TokenizerConfig config) {
  static final String FILE = "tokenizer.json";

  private static final String SENTENCE_PIECE = "tokenizer.model";

  /** Special tokens made to fill up batches; many files hold one without naming it. */
  private static final List<String> PAD_TOKENS =
      List.of("<|finetune_right_pad_id|>", "<|finetune_right_pad|>", "<|pad|>", "<pad>", "[PAD]");

  /** Reads a folder with tokenizer.json, a GGUF file, or a folder with one GGUF file. */
  static TokenizerParts read(Path path) {
    if (!Files.exists(path)) {
      throw new TokenizerException(
          path + " does not exist; give a folder with " + FILE + " or a .gguf file");
    }
    if (!Files.isDirectory(path)) {
      return gguf(path);
    }
    AtomicFiles.recover(path);
    if (Files.exists(path.resolve(FILE))) {
      return folder(path);
    }
    if (Files.exists(path.resolve(SENTENCE_PIECE))) {
      throw new TokenizerException(
          "%s holds %s but no %s, which is what is read here; write one with Python:"
                  .formatted(path, SENTENCE_PIECE, FILE)
              + " AutoTokenizer.from_pretrained(folder).save_pretrained(folder)");
    }
    return gguf(onlyGguf(path));
  }

  private static TokenizerParts folder(Path folder) {
    Path file = folder.resolve(FILE);
    TokenizerJson json =
        TokenizerJson.of(JsonFiles.read(file, TokenizerException::new), file.toString());
    return new TokenizerParts(json, TokenizerConfig.read(folder)).completed();
  }

  private static TokenizerParts gguf(Path file) {
    try (GgufFile gguf = GgufFile.open(file)) {
      return new GgufTokenizer(gguf.metadata(), file.toString()).parts();
    }
  }

  private static Path onlyGguf(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> found =
          files.filter(f -> f.getFileName().toString().endsWith(".gguf")).sorted().toList();
      if (found.size() != 1) {
        throw new TokenizerException(
            folder
                + " holds no "
                + FILE
                + " and "
                + (found.isEmpty()
                    ? "no .gguf file"
                    : "several .gguf files, name one of " + found));
      }
      return found.get(0);
    } catch (IOException e) {
      throw new TokenizerException(folder + " cannot be listed: " + e.getMessage(), e);
    }
  }

  /**
   * Does what transformers 5 does on loading: tokens are as the config lists them, those that only
   * it lists are added, and every token with a role is a special one. {@code add_bos_token} in the
   * config does not count: the post-processor in tokenizer.json says what stands around a text.
   * Beyond that, a pad token that is there but not named gets its role.
   */
  TokenizerParts completed() {
    TokenizerJson complete = json.with(asListedInConfig());
    complete = complete.with(notYetSpecial(complete));
    namePadToken(complete);
    return new TokenizerParts(complete, config);
  }

  private List<AddedToken> asListedInConfig() {
    List<AddedToken> listed = new ArrayList<>();
    for (AddedToken token : config.addedTokens()) {
      AddedToken known = json.addedToken(token.content());
      AddedToken placed = known == null ? token : token.withId(known.id());
      listed.add(known != null && known.special() ? placed.asSpecial() : placed);
    }
    return listed;
  }

  private List<AddedToken> notYetSpecial(TokenizerJson json) {
    Set<String> wanted = new LinkedHashSet<>(config.roles().values());
    wanted.addAll(config.furtherSpecialTokens());
    List<AddedToken> changed = new ArrayList<>();
    int next = json.size();
    for (String content : wanted) {
      AddedToken known = json.addedToken(content);
      if (known == null) {
        Integer id = json.id(content);
        changed.add(AddedToken.of(id != null ? id : next++, content, true));
      } else if (!known.special()) {
        changed.add(known.asSpecial());
      }
    }
    return changed;
  }

  private void namePadToken(TokenizerJson json) {
    if (config.token("pad_token").isEmpty()) {
      PAD_TOKENS.stream()
          .filter(token -> json.addedToken(token) != null && json.addedToken(token).special())
          .findFirst()
          .ifPresent(token -> config.setToken("pad_token", token));
    }
  }

  /** The config as it is to be saved. */
  JsonObject savedConfig() {
    JsonObject saved = config.json();
    // The post-processor in tokenizer.json says this, and says it to every version.
    saved.remove("add_bos_token");
    saved.remove("add_eos_token");
    config.roles().forEach(saved::addProperty);
    JsonObject table = new JsonObject();
    json.addedTokens().forEach(token -> table.add(Integer.toString(token.id()), token.toJson()));
    saved.add("added_tokens_decoder", table);
    // Classes of single models rebuild their own pipeline and lose added tokens; this one reads
    // tokenizer.json.
    saved.addProperty("tokenizer_class", "PreTrainedTokenizerFast");
    return saved;
  }

  /** special_tokens_map.json, for readers that know no other place for the roles. */
  JsonObject savedRoles() {
    JsonObject saved = new JsonObject();
    config.roles().forEach(saved::addProperty);
    JsonElement further = config.json().get("additional_special_tokens");
    if (further != null) {
      saved.add("additional_special_tokens", further);
    }
    return saved;
  }
}
