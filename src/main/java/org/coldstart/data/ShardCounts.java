package org.coldstart.data;

import java.util.ArrayList;
import java.util.List;

/**
 * What became of the rows of one shard.
 *
 * @param file the shard's name
 * @param rows how many were written
 * @param tokens of the rows written
 * @param tooLong rows left out for having more tokens than {@code maxLength}
 * @param withoutLoss rows left out since no token of theirs carries loss
 * @param bad rows left out since they could not be read, formatted or rendered
 */
public record ShardCounts(String file, int rows, long tokens, Faults tooLong, Faults withoutLoss, Faults bad) {

  /**
   * Rows with one kind of fault.
   *
   * @param count how many
   * @param named the first {@value #NAMED} as "file: Row n: reason"
   */
  public record Faults(int count, List<String> named) {
    private static final int NAMED = 5;

    /** No rows. */
    public static final Faults NONE = new Faults(0, List.of());

    Faults plus(String fault) {
      return plus(new Faults(1, List.of(fault)));
    }

    Faults plus(Faults more) {
      List<String> names = new ArrayList<>(named);
      more.named.stream().limit(NAMED - named.size()).forEach(names::add);
      return new Faults(count + more.count, List.copyOf(names));
    }

    @Override
    public String toString() {
      return count == 0 ? "0" : count + " (" + String.join("; ", named) + (count > named.size() ? "; …" : "") + ")";
    }
  }

  /** The counts of all shards of a folder together. */
  public static ShardCounts sum(String folder, List<ShardCounts> shards) {
    return shards.stream()
      .reduce(new ShardCounts(folder, 0, 0, Faults.NONE, Faults.NONE, Faults.NONE),
          (a, b) -> new ShardCounts(folder, a.rows + b.rows, a.tokens + b.tokens, a.tooLong.plus(b.tooLong),
              a.withoutLoss.plus(b.withoutLoss), a.bad.plus(b.bad)));
  }

  @Override
  public String toString() {
    return "%s: %,d rows, %,d tokens; too long %s, without loss %s, bad %s".formatted(file, rows, tokens, tooLong,
        withoutLoss, bad);
  }
}
