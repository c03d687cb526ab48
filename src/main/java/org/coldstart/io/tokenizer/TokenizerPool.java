package org.coldstart.io.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.coldstart.io.jinja.Span;

/** Text to ids and back. Many threads may encode and decode at a time, but none while another adds tokens or closes. */
public final class TokenizerPool implements AutoCloseable {
  /** The tokens of a text: their ids, and where each is in the text, in Java chars. */
  public record Tokens(int[] ids, List<Span> offsets) {}

  /** What a native instance recognises in a text, and whether it puts a prefix before that. */
  private enum Kind {
    ALL, WITHOUT_PREFIX, VOCABULARY_ONLY
  }

  private final ReadWriteLock lock = new ReentrantReadWriteLock();

  /** Built when first wanted. */
  private final Map<Kind, NativeTokenizer> instances = new ConcurrentHashMap<>();

  /** Null once closed. */
  private volatile TokenizerJson json;

  /** Throws a TokenizerException if the native library refuses the file. */
  public TokenizerPool(TokenizerJson json) {
    this.json = json;
    instance(Kind.ALL);
  }

  /** What the tokenizer is built from, the tokens added since included. */
  public TokenizerJson json() {
    TokenizerJson known = json;
    if (known == null) {
      throw new IllegalStateException("this tokenizer is closed");
    }
    return known;
  }

  /** The tokens of a text; {@code addSpecialTokens} puts the model's BOS and EOS around it. */
  public Tokens encode(String text, boolean addSpecialTokens) {
    return locked(lock.readLock(), () -> instance(Kind.ALL).encode(text, addSpecialTokens));
  }

  /** The tokens of a part that continues a text: nothing is put in front of it. */
  public Tokens encodeContinuation(String text) {
    return locked(lock.readLock(), () -> {
      Tokens tokens = instance(Kind.ALL).encode(text, false);
      return json.hasPrefix() ? withoutPrefix(text, tokens) : tokens;
    });
  }

  /** Added tokens split a text before its pieces get a prefix, so what is before the first can be encoded apart. */
  private Tokens withoutPrefix(String text, Tokens whole) {
    int[] ids = whole.ids();
    Vocabulary vocabulary = json.vocabulary();
    int first = 0;
    while (first < ids.length && vocabulary.added(vocabulary.text(ids[first])) == null) {
      first++;
    }
    int end = first < ids.length ? whole.offsets().get(first).start() : text.length();
    Tokens start = instance(Kind.WITHOUT_PREFIX).encode(text.substring(0, end), false);
    List<Span> offsets = new ArrayList<>(start.offsets());
    offsets.addAll(whole.offsets().subList(first, ids.length));
    IntStream rest = Arrays.stream(ids, first, ids.length);
    return new Tokens(IntStream.concat(Arrays.stream(start.ids()), rest).toArray(), offsets);
  }

  /** The ids of the pieces that a text has where no added token is recognised in it. */
  public int[] subTokens(String text) {
    return locked(lock.readLock(),
        () -> instance(Kind.VOCABULARY_ONLY).pieces(text).stream().mapToInt(json.vocabulary()::requireId).toArray());
  }

  /** The text of ids, each of which must be in the vocabulary: the native library drops others. */
  public String decode(int[] ids, boolean skipSpecialTokens) {
    return locked(lock.readLock(), () -> {
      IntStream.of(ids).forEach(json.vocabulary()::text);
      return instance(Kind.ALL).decode(ids, skipSpecialTokens);
    });
  }

  /** Adds tokens as {@link TokenizerJson#withTokens} does; the number of new ones. A failure changes nothing. */
  public int add(boolean special, String... tokens) {
    return locked(lock.writeLock(), () -> {
      int before = json.vocabulary().size();
      TokenizerJson changed = json.withTokens(special, tokens);
      if (changed != json) {
        NativeTokenizer next = new NativeTokenizer(changed.json(), changed.origin());
        closeInstances();
        instances.put(Kind.ALL, next);
        json = changed;
      }
      return json.vocabulary().size() - before;
    });
  }

  private NativeTokenizer instance(Kind kind) {
    return instances.computeIfAbsent(kind, wanted -> new NativeTokenizer(switch (wanted) {
    case ALL -> json.json();
    case WITHOUT_PREFIX -> json.withoutPrefix();
    case VOCABULARY_ONLY -> json.withoutAddedTokens();
    }, json.origin()));
  }

  private void closeInstances() {
    instances.values().forEach(NativeTokenizer::close);
    instances.clear();
  }

  private <T> T locked(Lock held, Supplier<T> work) {
    held.lock();
    try {
      json(); // refuses a closed tokenizer
      return work.get();
    } finally {
      held.unlock();
    }
  }

  /** Frees the native memory; a second call does nothing. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      closeInstances();
      json = null;
    } finally {
      lock.writeLock().unlock();
    }
  }
}
