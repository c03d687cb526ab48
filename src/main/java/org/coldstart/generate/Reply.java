package org.coldstart.generate;

import java.util.Arrays;
import java.util.Set;
import org.coldstart.tokenizer.Tokenizer;

/** One row of a batch while it is being written. */
final class Reply {

  private final int[] prompt;
  private final int limit;
  private final TextStreamer stream;
  private int[] ids;
  private int length;
  private Generation.Stop stop;

  /**
   * A reply to a prompt.
   *
   * @param limit the most tokens it may have, at least 1
   * @param stream gets its tokens; null where nobody listens
   */
  Reply(int[] prompt, int limit, TextStreamer stream) {
    this.prompt = prompt;
    this.limit = limit;
    this.stream = stream;
    this.ids = Arrays.copyOf(prompt, prompt.length + 64);
    this.length = prompt.length;
  }

  int[] prompt() {
    return prompt;
  }

  /** The most tokens it may have. */
  int limit() {
    return limit;
  }

  boolean ended() {
    return stop != null;
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
    if (stream != null) {
      stream.put(id);
    }
    if (endTokens.contains(id)) {
      end(Generation.Stop.END_TOKEN);
    } else if (length == prompt.length + limit) {
      end(Generation.Stop.LENGTH);
    }
  }

  /** Ends the reply, unless it has ended. */
  void end(Generation.Stop reason) {
    if (!ended()) {
      stop = reason;
      if (stream != null) {
        stream.end();
      }
    }
  }

  long lastId() {
    return ids[length - 1];
  }

  /** Prompt and reply. */
  int[] ids() {
    return Arrays.copyOf(ids, length);
  }

  /**
   * The ids that a repetition penalty falls on.
   *
   * @param range of {@link Sampling#repetitionRange}
   */
  int[] penalizedIds(int range) {
    int from = range == 0 ? 0 : Math.max(prompt.length, length - range);
    return Arrays.copyOfRange(ids, from, length);
  }

  Generation toGeneration(Tokenizer tokenizer) {
    int[] written = Arrays.copyOfRange(ids, prompt.length, length);
    return new Generation(written, tokenizer.decode(written, true), stop);
  }
}
