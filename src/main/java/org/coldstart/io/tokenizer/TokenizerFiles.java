package org.coldstart.io.tokenizer;

import static org.coldstart.io.tokenizer.TokenizerSteps.bpe;
import static org.coldstart.io.tokenizer.TokenizerSteps.byteLevel;
import static org.coldstart.io.tokenizer.TokenizerSteps.object;
import static org.coldstart.io.tokenizer.TokenizerSteps.postProcessor;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.coldstart.io.files.AtomicFiles;
import org.coldstart.io.files.CheckpointFiles;
import org.coldstart.io.gguf.GgufFile;
import org.coldstart.io.json.JsonFiles;

/**
 * The files of a tokenizer.
 *
 * @param json how text is split into tokens
 * @param config which token plays which role
 */
public record TokenizerFiles(TokenizerJson json, TokenizerConfig config) {
  private static final String FILE = "tokenizer.json";
  private static final String SENTENCE_PIECE = "tokenizer.model";
  private static final String TRAINED = "the trained tokenizer";

  /** Special tokens made to fill up batches; many files hold one without naming it. */
  private static final List<String> PAD_TOKENS = List.of("<|finetune_right_pad_id|>", "<|finetune_right_pad|>",
      "<|pad|>", "<pad>", "[PAD]");

  private static final Gson PRETTY = new GsonBuilder().setPrettyPrinting()
    .disableHtmlEscaping()
    .serializeNulls()
    .create();

  /**
   * Reads a folder with tokenizer.json, a GGUF file, or a folder with one GGUF file.
   *
   * @throws TokenizerException if a file is missing, damaged, or of a kind not known here
   */
  public static TokenizerFiles read(Path path) {
    if (!Files.exists(path)) {
      throw new TokenizerException(path + " does not exist; give a folder with " + FILE + " or a .gguf file");
    }
    if (!Files.isDirectory(path)) {
      return gguf(path);
    }
    AtomicFiles.recover(path);
    Path file = path.resolve(FILE);
    if (Files.exists(file)) {
      JsonObject json = JsonFiles.read(file, TokenizerException::new);
      return of(json, file.toString(), TokenizerConfig.read(path));
    }
    if (Files.exists(path.resolve(SENTENCE_PIECE))) {
      throw new TokenizerException(path + " holds " + SENTENCE_PIECE + " but no " + FILE
          + "; write one with Python: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)");
    }
    return gguf(onlyGguf(path));
  }

  private static TokenizerFiles gguf(Path file) {
    try (GgufFile gguf = GgufFile.open(file)) {
      return GgufTokenizer.read(gguf.metadata(), file.toString());
    }
  }

  private static Path onlyGguf(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> found = files.filter(f -> f.toString().endsWith(".gguf")).sorted().toList();
      if (found.size() == 1) {
        return found.get(0);
      }
      throw new TokenizerException(folder + " holds no " + FILE + " and "
          + (found.isEmpty() ? "no .gguf file" : "several .gguf files, name one of " + found));
    } catch (IOException e) {
      throw new TokenizerException(folder + " cannot be listed: " + e.getMessage(), e);
    }
  }

  /**
   * A byte-level BPE with GPT-2's words.
   *
   * @param tokens by id, the special ones first
   * @param merges in order, each {@code left right}
   * @param bos put in front of every text; null for none
   * @param eos ends a text; null for none
   */
  public static TokenizerFiles byteLevelBpe(List<String> tokens, List<String> merges, List<String> specialTokens,
      String bos, String eos) {
    JsonArray added = new JsonArray();
    for (String token : specialTokens) {
      added.add(AddedToken.of(added.size(), token, true).toJson());
    }
    AddedToken first = bos == null ? null : AddedToken.of(tokens.indexOf(bos), bos, true);
    JsonObject root = object("version", "1.0", "added_tokens", added, "pre_tokenizer", byteLevel(true),
        "post_processor", postProcessor(first, null), "decoder", byteLevel(true), "model", bpe(tokens, merges));
    JsonObject config = object("bos_token", bos, "eos_token", eos, "clean_up_tokenization_spaces", false);
    return of(root, TRAINED, new TokenizerConfig(config, TRAINED));
  }

  /**
   * Does what transformers 5 does on loading: tokens are as the config lists them, those that only it lists are added,
   * and every token with a role is special. {@code add_bos_token} in the config does not count, but tokenizer.json's
   * post-processor. Beyond that, a pad token that is there but not named gets its role.
   */
  static TokenizerFiles of(JsonObject root, String origin, TokenizerConfig config) {
    TokenizerJson json = TokenizerJson.of(root, origin);
    json = json.with(asListed(config, json.vocabulary()));
    Set<String> special = new LinkedHashSet<>(config.roles().values());
    special.addAll(config.furtherSpecialTokens());
    json = json.with(json.vocabulary().changes(true, false, special));
    if (config.token("pad_token").isPresent()) {
      return new TokenizerFiles(json, config);
    }
    Optional<String> pad = PAD_TOKENS.stream().filter(json.vocabulary()::isSpecial).findFirst();
    return new TokenizerFiles(json, pad.map(p -> config.withToken("pad_token", p)).orElse(config));
  }

  private static List<AddedToken> asListed(TokenizerConfig config, Vocabulary vocabulary) {
    List<AddedToken> listed = new ArrayList<>();
    for (AddedToken token : config.addedTokens()) {
      AddedToken known = vocabulary.added(token.content());
      AddedToken placed = known == null ? token : token.withId(known.id());
      listed.add(known != null && known.special() ? placed.asSpecial() : placed);
    }
    return listed;
  }

  /**
   * Writes the files into a folder, all of them or none; one that belongs to another tokenizer and is not written goes.
   *
   * @param folder is created if it does not exist
   */
  public void save(Path folder) {
    AtomicFiles.writeFolder(folder, CheckpointFiles::isTokenizer, aside -> {
      write(aside.resolve(FILE), json.json());
      write(aside.resolve(TokenizerConfig.FILE), savedConfig());
      write(aside.resolve(TokenizerConfig.ROLES_FILE), savedRoles());
      // In the config for older readers, in its own file for newer ones; that has room for one and would hide others.
      if (config.hasSingleTemplate()) {
        Files.writeString(aside.resolve(TokenizerConfig.TEMPLATE_FILE), config.chatTemplate().orElseThrow());
      }
    });
  }

  private static void write(Path file, JsonObject json) throws IOException {
    Files.writeString(file, PRETTY.toJson(json) + "\n");
  }

  private JsonObject savedConfig() {
    JsonObject saved = config.json();
    // The post-processor in tokenizer.json says this, and says it to every version.
    saved.remove("add_bos_token");
    saved.remove("add_eos_token");
    config.roles().forEach(saved::addProperty);
    JsonObject table = new JsonObject();
    for (AddedToken token : json.vocabulary().added()) {
      JsonObject described = token.toJson();
      table.add(described.remove("id").getAsString(), described);
    }
    saved.add("added_tokens_decoder", table);
    // Classes of single models rebuild their own pipeline and lose added tokens; this one reads tokenizer.json.
    saved.addProperty("tokenizer_class", "PreTrainedTokenizerFast");
    return saved;
  }

  /** For readers that know no other place for the roles. */
  private JsonObject savedRoles() {
    JsonObject saved = new JsonObject();
    config.roles().forEach(saved::addProperty);
    config.additionalSpecialTokens().ifPresent(t -> saved.add("additional_special_tokens", t));
    return saved;
  }
}
