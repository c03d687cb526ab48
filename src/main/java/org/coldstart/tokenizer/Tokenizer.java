package org.coldstart.tokenizer;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.coldstart.io.hub.Hub;
import org.coldstart.io.jinja.TemplateException;
import org.coldstart.io.tokenizer.TokenizerConfig;
import org.coldstart.io.tokenizer.TokenizerException;
import org.coldstart.io.tokenizer.TokenizerFiles;
import org.coldstart.io.tokenizer.TokenizerPool;
import org.coldstart.io.tokenizer.Vocabulary;

/**
 * Text to ids and back, with the ids of Python's {@code AutoTokenizer}; new tokens can be added.
 *
 * <pre>{@code
 * try (Tokenizer tokenizer = Tokenizer.fromPretrained(Path.of("model"))) {
 *     tokenizer.addTokens("<think>", "</think>");
 *     int[] ids = tokenizer.encode("<think>Hello!</think>").ids();
 *     String text = tokenizer.decode(ids);
 * }
 * }</pre>
 *
 * <p>
 * Safe for use by many threads. Nothing is truncated or padded. It holds native memory: close it, after which every
 * call is an {@link IllegalStateException}.
 */
public final class Tokenizer implements AutoCloseable {
  private final TokenizerPool pool;
  private final int loadedSize;
  private volatile TokenizerConfig config;

  /** The config's, parsed at its first use. */
  private volatile ChatTemplate chatTemplate;

  /** The files' EOS, where that of a {@link DefaultChatTemplate}'s turns took its place; null elsewhere. */
  private volatile String textEnd;

  /** A tokenizer read here, or trained by {@link BpeTrainer}. */
  Tokenizer(TokenizerFiles files) {
    this.pool = new TokenizerPool(files.json());
    this.config = files.config();
    this.loadedSize = size();
  }

  /**
   * Loads the tokenizer of a model. Without chat template in its files, as a base model's, it gets one: its family's
   * where the vocabulary has its turn tokens, see {@link DefaultChatTemplate} (transformers leaves it without).
   *
   * @param nameOrPath a folder, a .gguf file, or a model's name as {@link Hub#tokenizer} takes it
   */
  public static Tokenizer fromPretrained(String nameOrPath) {
    return fromPretrained(Hub.tokenizer(nameOrPath));
  }

  /** The same of a folder's tokenizer.json or a GGUF file; a {@link TokenizerException} if it cannot be read. */
  public static Tokenizer fromPretrained(Path folderOrGguf) {
    Tokenizer tokenizer = new Tokenizer(TokenizerFiles.read(folderOrGguf));
    if (tokenizer.config.chatTemplate().filter(source -> !source.isBlank()).isEmpty()) {
      DefaultChatTemplate.giveByVocabulary(tokenizer, folderOrGguf.getFileName().toString());
    }
    return tokenizer;
  }

  /**
   * The tokens of a text as transformers' {@code tokenizer(text)} gives them: the text of a special token becomes that
   * token, and a BOS is put in front if the model wants one.
   *
   * @throws IllegalArgumentException if the text holds half a surrogate pair
   */
  public Encoding encode(String text) {
    return encode(text, true);
  }

  /** The same; with {@code addSpecialTokens} false no BOS or EOS is put around the text. */
  public Encoding encode(String text, boolean addSpecialTokens) {
    return encoding(pool.encode(text, addSpecialTokens));
  }

  /**
   * The tokens of a part of a text, as {@code encode(part, false)}, but a space that the model puts in front of every
   * text (Llama 2) comes before the first part only, so that the ids of all parts decode to the text.
   *
   * @param from where the part begins in {@code text}, 0 for the first
   * @param to its end, exclusive
   */
  public Encoding encodePart(String text, int from, int to) {
    String part = text.substring(from, to);
    return encoding(from == 0 ? pool.encode(part, false) : pool.encodeContinuation(part));
  }

  private Encoding encoding(TokenizerPool.Tokens tokens) {
    List<String> texts = IntStream.of(tokens.ids()).mapToObj(vocabulary()::text).toList();
    return new Encoding(tokens.ids(), texts, tokens.offsets());
  }

  /** The ids of the pieces that a text has where no added token is recognised in it. */
  public int[] subTokens(String text) {
    return pool.subTokens(text);
  }

  /** The text of ids, special tokens included. */
  public String decode(int... ids) {
    return decode(ids, false);
  }

  /**
   * The text of ids. Bytes that are no whole character become U+FFFD; as in transformers 5, spaces are not cleaned up.
   *
   * @param skipSpecialTokens leaves special tokens out
   * @throws IllegalArgumentException for an id that is not in the vocabulary
   */
  public String decode(int[] ids, boolean skipSpecialTokens) {
    return pool.decode(ids, skipSpecialTokens);
  }

  /**
   * The merge rules of byte-pair encoding (Sennrich et al., 2016) in the order in which they were learnt, each as
   * {@code left right} in the vocabulary's spelling; empty for a tokenizer without.
   */
  public List<String> merges() {
    return pool.json().merges();
  }

  /** Number of tokens, added ones included, as Python's {@code len(tokenizer)}. */
  public int size() {
    return vocabulary().size();
  }

  /** Number of tokens when loaded: the ids from here up to {@link #size()} were added since. */
  public int loadedSize() {
    return loadedSize;
  }

  /** The id of a token in the vocabulary's own spelling ({@code Ġthe}, {@code <|im_start|>}). */
  public OptionalInt tokenToId(String token) {
    Integer id = vocabulary().id(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** The id of a token, which must be in the vocabulary. */
  public int id(String token) {
    return vocabulary().requireId(token);
  }

  /** The vocabulary's own spelling of an id, which must be in the vocabulary. */
  public String idToToken(int id) {
    return vocabulary().text(id);
  }

  /** Whether {@link #decode(int[], boolean)} can leave this token out, as those with a role or that end a turn. */
  public boolean isSpecial(int id) {
    return vocabulary().isSpecial(idToToken(id));
  }

  /**
   * Adds tokens behind the vocabulary, the first with the id {@link #size()}; all or none. The model's embeddings must
   * then be resized to the new size. A token that is among the added ones already keeps its id.
   *
   * <p>
   * Where the model puts a space in front of every text (Llama 2), new tokens are matched in the raw text; where
   * transformers' {@code add_tokens} looks, in the normalised one, they would hardly ever be found.
   *
   * @return the number of tokens added; those that were there do not count
   * @throws IllegalArgumentException if a token is null, empty, given twice, or an ordinary piece of text
   */
  public int addTokens(String... tokens) {
    return pool.add(false, tokens);
  }

  /** The same, for tokens that {@code decode(ids, true)} leaves out; known ones become special. */
  public int addSpecialTokens(String... tokens) {
    return pool.add(true, tokens);
  }

  /**
   * The token that fills up a batch, if there is one: the {@code pad_token} that the files name, or else a special
   * token made for that, which Llama 3.1 and 3.2 have without naming it ({@code <|finetune_right_pad_id|>}).
   */
  public Optional<String> padToken() {
    return config().token("pad_token");
  }

  /** The id of {@link #padToken()}. */
  public OptionalInt padTokenId() {
    return idOf(padToken());
  }

  /** Names the token that fills up a batch; an IllegalArgumentException if it is an ordinary piece of text. */
  public void setPadToken(String token) {
    setToken("pad_token", token);
  }

  /** The token that begins a text, if there is one. */
  public Optional<String> bosToken() {
    return config().token("bos_token");
  }

  /** The id of {@link #bosToken()}. */
  public OptionalInt bosTokenId() {
    return idOf(bosToken());
  }

  /** Whether {@link #encode(String)} puts the BOS in front of every text. */
  public boolean addsBos() {
    List<String> around = encode("").tokens();
    return !around.isEmpty() && bosToken().filter(around.get(0)::equals).isPresent();
  }

  /** The token that ends a text or a turn, if there is one. */
  public Optional<String> eosToken() {
    return config().token("eos_token");
  }

  /** The id of {@link #eosToken()}. */
  public OptionalInt eosTokenId() {
    return idOf(eosToken());
  }

  /** Names the token that ends a text or a turn; an IllegalArgumentException if it is an ordinary piece of text. */
  public void setEosToken(String token) {
    setToken("eos_token", token);
    textEnd = null;
  }

  /** The same for a token that ends turns: {@link #textEnd()} stays. */
  void setTurnEnd(String token) {
    String before = eosToken().orElse(null);
    setToken("eos_token", token);
    textEnd = before;
  }

  /** The token that ends a text: EOS, or what it was before {@link #setTurnEnd}. */
  Optional<String> textEnd() {
    return Optional.ofNullable(textEnd).or(this::eosToken);
  }

  private synchronized void setToken(String role, String token) {
    if (vocabulary().added(token) == null) {
      String kind = vocabulary().id(token) == null ? "not a token of this tokenizer" : "an ordinary piece of text";
      throw new IllegalArgumentException("\"%s\" cannot be the %s: it is %s; add one with addSpecialTokens"
        .formatted(token, role.replace('_', ' '), kind));
    }
    pool.add(true, token);
    config = config.withToken(role, token);
  }

  private OptionalInt idOf(Optional<String> token) {
    return token.map(this::tokenToId).orElse(OptionalInt.empty());
  }

  /** The tokens with a role, as transformers' {@code special_tokens_map}: {@code bos_token} … */
  public Map<String, String> specialTokens() {
    return config().roles();
  }

  /** Whether {@link #chatTemplate()} has one to give. */
  public boolean hasChatTemplate() {
    return config().chatTemplate().isPresent();
  }

  /**
   * The template that turns messages into one text.
   *
   * @throws IllegalStateException if the tokenizer has none, as one without a token to end a reply
   * @throws TemplateException if it cannot be parsed
   */
  public ChatTemplate chatTemplate() {
    return chatTemplate(Map.of());
  }

  /**
   * The template for these variables: as in transformers, of several the one named {@code tool_use} where there are
   * {@code tools}. Throws as {@link #chatTemplate()}.
   */
  public ChatTemplate chatTemplate(Map<String, ?> variables) {
    String source = (variables.get("tools") == null ? Optional.<String>empty() : config().chatTemplate("tool_use"))
      .or(() -> config().chatTemplate())
      .orElseThrow(() -> new IllegalStateException(
          "this tokenizer has no chat template; give it one with setChatTemplate(jinja)"));
    ChatTemplate known = chatTemplate;
    if (known == null || !known.source().equals(source)) {
      known = ChatTemplate.parse(source);
      chatTemplate = known;
    }
    return known;
  }

  /**
   * Gives the tokenizer a chat template, written in Jinja.
   *
   * @throws TemplateException if it cannot be parsed; the tokenizer keeps the one it had
   */
  public synchronized void setChatTemplate(String jinja) {
    chatTemplate = ChatTemplate.parse(jinja);
    config = config().withChatTemplate(jinja);
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

  /** The same with further variables ({@code tools}, {@code enable_thinking} …). */
  public String applyChatTemplate(List<Message> messages, boolean addGenerationPrompt, Map<String, ?> variables) {
    return chatTemplate(variables).render(messages, addGenerationPrompt, withSpecialTokens(variables));
  }

  /**
   * The conversation up to the end of its last message, which the model is to go on with; transformers'
   * {@code continue_final_message}. Errors as in {@link ChatTemplate#renderContinued}.
   */
  public String continueFinalMessage(List<Message> messages, Map<String, ?> variables) {
    return chatTemplate(variables).renderContinued(messages, withSpecialTokens(variables));
  }

  /** What a chat template is given beside the messages: special tokens by role, and these. */
  private Map<String, Object> withSpecialTokens(Map<String, ?> variables) {
    Map<String, Object> all = new LinkedHashMap<>(specialTokens());
    all.putAll(variables);
    return all;
  }

  /** Writes tokenizer.json and the files beside it, as this class and Python's {@code AutoTokenizer} read them. */
  public void save(Path folder) {
    files().save(folder);
  }

  /** What is saved. */
  public TokenizerFiles files() {
    return new TokenizerFiles(pool.json(), config);
  }

  /** Frees the native memory; a second call does nothing. */
  @Override
  public void close() {
    pool.close();
  }

  private Vocabulary vocabulary() {
    return pool.json().vocabulary();
  }

  private TokenizerConfig config() {
    pool.json(); // refuses a closed tokenizer
    return config;
  }
}
