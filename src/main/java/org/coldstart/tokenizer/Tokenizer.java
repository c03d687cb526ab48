package org.coldstart.tokenizer;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.coldstart.io.hub.Hub;
import org.coldstart.io.jinja.TemplateException;
import org.coldstart.io.tokenizer.TokenizedText;
import org.coldstart.io.tokenizer.TokenizerConfig;
import org.coldstart.io.tokenizer.TokenizerException;
import org.coldstart.io.tokenizer.TokenizerFiles;
import org.coldstart.io.tokenizer.TokenizerJson;
import org.coldstart.io.tokenizer.TokenizerPool;
import org.coldstart.io.tokenizer.Vocabulary;

/**
 * Text to ids and back, with the same ids as Python's {@code AutoTokenizer} gives; new tokens can
 * be added.
 *
 * <pre>{@code
 * try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of("model"))) {
 *     tokenizer.addTokens("<think>", "</think>");
 *     int[] ids = tokenizer.encode("<think>Hello!</think>").ids();
 *     String text = tokenizer.decode(ids);
 * }
 * }</pre>
 *
 * <p>Safe for use by many threads. Nothing is truncated or padded. It holds native memory: close it,
 * after which every call is an {@link IllegalStateException}.
 */
public final class Tokenizer implements AutoCloseable {
  final ReadWriteLock lock = new ReentrantReadWriteLock();
  private final int loadedSize;
  private final TokenizerConfig config;

  /** The tokens; another when some are added, null once closed. */
  private TokenizerPool pool;

  /** Parsed when first wanted; two readers may both parse it. */
  private volatile ChatTemplate chatTemplate;

  /** A tokenizer read here, or trained by {@link BpeTrainer}. */
  Tokenizer(TokenizerFiles files) {
    this.config = files.config();
    this.pool = new TokenizerPool(files.json());
    this.loadedSize = vocabulary().size();
  }

  /**
   * Loads the tokenizer of a model.
   *
   * @param nameOrPath a folder, a .gguf file, or a model's name as {@link Hub#tokenizer} takes it
   */
  public static Tokenizer fromPretrained(String nameOrPath) {
    return fromPretrained(Hub.tokenizer(nameOrPath));
  }

  /**
   * Loads a tokenizer from a folder with tokenizer.json (and what stands beside it), or from the
   * metadata of a GGUF file.
   *
   * @throws TokenizerException if a file is missing, damaged, or of a kind not known here
   */
  public static Tokenizer fromPretrained(Path folderOrGguf) {
    return new Tokenizer(TokenizerFiles.read(folderOrGguf));
  }

  /**
   * The tokens of a text as transformers' {@code tokenizer(text)} gives them: the text of a special
   * token becomes that token, and a BOS is put in front if the model wants one.
   *
   * @throws IllegalArgumentException if the text holds half a surrogate pair
   */
  public Encoding encode(String text) {
    return encode(text, true);
  }

  /**
   * As {@link #encode(String)}; with {@code addSpecialTokens} false no BOS or EOS is put around the
   * text.
   */
  public Encoding encode(String text, boolean addSpecialTokens) {
    return reading(() -> encoding(pool.encode(text, addSpecialTokens)));
  }

  /**
   * The tokens of a part of a text, as {@code encode(part, false)}, but where the model puts a
   * blank in front of every text (Llama 2), it comes before the first part only, so that the ids of
   * all parts, one after the other, decode to the text and nothing more. Behind the first added
   * token in a part, all is as in {@code encode}.
   *
   * @param from where the part begins in {@code text}, 0 for the first
   * @param to its end, exclusive
   */
  public Encoding encodePart(String text, int from, int to) {
    String part = text.substring(from, to);
    return from == 0
        ? encode(part, false)
        : reading(() -> encoding(pool.encodeContinuation(part)));
  }

  /**
   * The ids of the pieces that a text has where no added token, special or not, is recognised in
   * it.
   */
  public int[] subTokens(String text) {
    return reading(() -> pool.subTokens(text));
  }

  /** The text of ids, special tokens included. */
  public String decode(int[] ids) {
    return decode(ids, false);
  }

  /**
   * The text of ids. Bytes that are no whole character become U+FFFD. As in transformers 5, blanks
   * before punctuation stay as they are whatever {@code clean_up_tokenization_spaces} says.
   *
   * @param skipSpecialTokens leaves special tokens out
   * @throws IllegalArgumentException for an id that is not in the vocabulary
   */
  public String decode(int[] ids, boolean skipSpecialTokens) {
    return reading(() -> pool.decode(ids, skipSpecialTokens));
  }

  /** The text of one id. */
  public String decode(int id) {
    return decode(new int[] {id});
  }

  /**
   * Number of tokens, added ones included, as Python's {@code len(tokenizer)}: the ids are 0 to
   * this minus 1.
   */
  public int size() {
    return reading(() -> vocabulary().size());
  }

  /**
   * Number of tokens when the tokenizer was loaded: the ids from here up to {@link #size()} were
   * added since.
   */
  public int loadedSize() {
    return loadedSize;
  }

  /** The id of a token in the vocabulary's own spelling ({@code Ġthe}, {@code <|im_start|>}). */
  public OptionalInt tokenToId(String token) {
    Integer id = reading(() -> vocabulary().id(token));
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /**
   * The id of a token that must be there.
   *
   * @throws IllegalArgumentException if it is not in the vocabulary
   */
  public int id(String token) {
    return reading(() -> vocabulary().requireId(token));
  }

  /**
   * The vocabulary's own spelling of a token.
   *
   * @throws IllegalArgumentException for an id that is not in the vocabulary
   */
  public String idToToken(int id) {
    return reading(() -> vocabulary().text(id));
  }

  /** Whether {@link #decode(int[], boolean)} can leave this token out. */
  public boolean isSpecial(int id) {
    return reading(() -> vocabulary().isSpecial(vocabulary().text(id)));
  }

  /**
   * Adds tokens behind the vocabulary: the first gets the id {@link #size()}. The model's
   * embeddings must then be resized to the new size. Either all are added or none. A token that was
   * added before, by the model's makers or by an earlier call, stays as it is and keeps its id.
   *
   * <p>Where the model puts a blank in front of every text (Llama 2), new tokens are matched in the
   * raw text. transformers' {@code add_tokens} would have them matched in the normalised one, where
   * that blank is put in front of the token's own text, too, and so nearly never is found.
   *
   * @return the number of tokens added; those that were there do not count
   * @throws IllegalArgumentException if a token is empty, given twice, or an ordinary piece of text
   */
  public int addTokens(String... tokens) {
    return add(false, tokens);
  }

  /**
   * As {@link #addTokens}, and {@code decode(ids, true)} leaves these tokens out; one that was
   * there becomes special.
   */
  public int addSpecialTokens(String... tokens) {
    return add(true, tokens);
  }

  /**
   * The token that fills up a batch, if the tokenizer has one: the {@code pad_token} that its files
   * name, or else a special token made for that, which Llama 3.1 and 3.2 have without naming it
   * ({@code <|finetune_right_pad_id|>}). No other token is taken for it.
   */
  public Optional<String> padToken() {
    return token("pad_token");
  }

  /** The id of {@link #padToken()}. */
  public OptionalInt padTokenId() {
    return idOf("pad_token");
  }

  /**
   * Names the token that fills up a batch.
   *
   * @throws IllegalArgumentException if it is not an added token: one of the ordinary vocabulary
   *     stands in texts too, and would be taken for padding there
   */
  public void setPadToken(String token) {
    setToken("pad_token", token);
  }

  /** The token that begins a text, if there is one. */
  public Optional<String> bosToken() {
    return token("bos_token");
  }

  /** The id of {@link #bosToken()}. */
  public OptionalInt bosTokenId() {
    return idOf("bos_token");
  }

  /** Whether {@link #encode(String)} puts the BOS in front of every text. */
  public boolean addsBos() {
    List<String> around = encode("").tokens();
    return !around.isEmpty() && bosToken().stream().anyMatch(around.get(0)::equals);
  }

  /** The token that ends a text or a turn, if there is one. */
  public Optional<String> eosToken() {
    return token("eos_token");
  }

  /** The id of {@link #eosToken()}. */
  public OptionalInt eosTokenId() {
    return idOf("eos_token");
  }

  /**
   * Names the token that ends a text or a turn; a reply then ends there, too.
   *
   * @throws IllegalArgumentException if it is not an added token: one of the ordinary vocabulary
   *     stands in texts too, and would end them there
   */
  public void setEosToken(String token) {
    setToken("eos_token", token);
  }

  /**
   * The tokens with a role, by role ({@code bos_token} …), as transformers' {@code
   * special_tokens_map}.
   */
  public Map<String, String> specialTokens() {
    return reading(() -> config.roles());
  }

  /** The longest text the model was made for, in tokens, if the tokenizer's files say so. */
  public OptionalInt modelMaxLength() {
    return reading(() -> config.modelMaxLength());
  }

  /** Whether {@link #chatTemplate()} has one to give. */
  public boolean hasChatTemplate() {
    return reading(() -> config.chatTemplate().isPresent());
  }

  /**
   * The template that turns messages into one text.
   *
   * @throws IllegalStateException if the tokenizer has none, as that of a base model
   * @throws TemplateException if it cannot be parsed
   */
  public ChatTemplate chatTemplate() {
    return reading(
        () -> {
          if (chatTemplate == null) {
            chatTemplate = ChatTemplate.parse(config.chatTemplate().orElseThrow(Tokenizer::none));
          }
          return chatTemplate;
        });
  }

  private static IllegalStateException none() {
    return new IllegalStateException(
        "this tokenizer has no chat template; give it one with setChatTemplate(jinja)");
  }

  /**
   * Gives the tokenizer a chat template, written in Jinja.
   *
   * @throws TemplateException if it cannot be parsed; the tokenizer keeps the one it had
   */
  public void setChatTemplate(String jinja) {
    ChatTemplate parsed = ChatTemplate.parse(jinja);
    writing(
        () -> {
          config.setChatTemplate(jinja);
          chatTemplate = parsed;
          return null;
        });
  }

  /**
   * The conversation as one text, ready for {@code encode(text, false)}.
   *
   * @param addGenerationPrompt ends the text where the assistant's next reply begins
   * @throws IllegalStateException if the tokenizer has no template
   * @throws TemplateException if the template refuses the conversation
   */
  public String applyChatTemplate(List<Message> messages, boolean addGenerationPrompt) {
    return applyChatTemplate(messages, addGenerationPrompt, Map.of());
  }

  /**
   * As above, with further variables for the template ({@code tools}, {@code enable_thinking} …).
   */
  public String applyChatTemplate(
      List<Message> messages, boolean addGenerationPrompt, Map<String, ?> variables) {
    ChatTemplate template = chatTemplate();
    Map<String, Object> all = new LinkedHashMap<>(specialTokens());
    all.putAll(variables);
    return template.render(messages, addGenerationPrompt, all);
  }

  /**
   * Writes the files that {@link #fromPretrained(Path)} and Python's {@code
   * AutoTokenizer.from_pretrained} read: tokenizer.json, tokenizer_config.json,
   * special_tokens_map.json and chat_template.jinja.
   *
   * @param folder is made if it does not exist
   */
  public void save(Path folder) {
    reading(
        () -> {
          new TokenizerFiles(pool.json(), config).save(folder);
          return null;
        });
  }

  /** Frees the native memory; a second call does nothing. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (pool != null) {
        pool.close();
        pool = null;
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  private int add(boolean special, String... tokens) {
    return writing(
        () -> {
          int before = vocabulary().size();
          replace(pool.json().withTokens(special, tokens));
          return vocabulary().size() - before;
        });
  }

  /** The new pool is built before the old one is given up, so that a failure changes nothing. */
  private void replace(TokenizerJson changed) {
    if (changed != pool.json()) {
      TokenizerPool next = new TokenizerPool(changed);
      pool.close();
      pool = next;
    }
  }

  private void setToken(String role, String token) {
    writing(
        () -> {
          if (vocabulary().added(token) == null) {
            throw new IllegalArgumentException(cannotBe(role, token));
          }
          replace(pool.json().withTokens(true, token));
          config.setToken(role, token);
          return null;
        });
  }

  private String cannotBe(String role, String token) {
    return ("\"%s\" cannot be the %s: it is %s; add one with addSpecialTokens(\"<|%s|>\") or take"
            + " %s")
        .formatted(
            token,
            role.replace('_', ' '),
            vocabulary().id(token) == null
                ? "not a token of this tokenizer"
                : "an ordinary piece of text",
            role.substring(0, role.indexOf('_')),
            config.token("eos_token").orElse("another special token"));
  }

  private Encoding encoding(TokenizedText text) {
    List<String> tokens = IntStream.of(text.ids()).mapToObj(vocabulary()::text).toList();
    return new Encoding(text.ids(), tokens, text.offsets());
  }

  private Vocabulary vocabulary() {
    return pool.json().vocabulary();
  }

  private Optional<String> token(String role) {
    return reading(() -> config.token(role));
  }

  private OptionalInt idOf(String role) {
    return token(role).map(this::tokenToId).orElse(OptionalInt.empty());
  }

  private <T> T reading(Supplier<T> work) {
    return locked(lock.readLock(), work);
  }

  private <T> T writing(Supplier<T> work) {
    return locked(lock.writeLock(), work);
  }

  private <T> T locked(Lock held, Supplier<T> work) {
    held.lock();
    try {
      if (pool == null) {
        throw new IllegalStateException("this tokenizer is closed");
      }
      return work.get();
    } finally {
      held.unlock();
    }
  }
}
