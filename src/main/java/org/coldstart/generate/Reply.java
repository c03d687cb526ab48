package org.coldstart.generate;

import java.util.Arrays;
import java.util.Set;
import org.coldstart.tokenizer.Tokenizer;

/** One row of a batch while it is being written. */
final class Reply {

  private final int[] prompt;
  private final StreamedText stream;
  private int[] ids;
  private int length;
  private Generation.Stop stop = Generation.Stop.LENGTH;

  /** A reply to a prompt; {@code stream} is told of its growth, or null where nobody listens. */
  Reply(int[] prompt, StreamedText stream) {
    this.prompt = prompt;
    this.stream = stream;
    this.ids = Arrays.copyOf(prompt, prompt.length + 64);
    this.length = prompt.length;
  }

  int[] prompt() {
    return prompt;
  }

  boolean ended() {
    return stop == Generation.Stop.END_TOKEN;
  }

  /** Appends a token; one that comes after the end is ignored. */
  void add(int id, Set<Integer> endTokens) {
    if (ended()) {
      return;
    }
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, 2 * length);
    }
    ids[length++] = id;
    if (endTokens.contains(id)) {
      stop = Generation.Stop.END_TOKEN;
    }
    if (stream != null) {
      stream.update(newIds(), ended());
    }
  }

  void stop(Generation.Stop reason) {
    if (!ended()) {
      stop = reason;
    }
  }

  long lastId() {
    return ids[length - 1];
  }

  int[] allIds() {
    return Arrays.copyOf(ids, length);
  }

  private int[] newIds() {
    return Arrays.copyOfRange(ids, prompt.length, length);
  }

  Generation finish(Tokenizer tokenizer) {
    return new Generation(newIds(), tokenizer.decode(newIds(), true), stop);
  }
}
