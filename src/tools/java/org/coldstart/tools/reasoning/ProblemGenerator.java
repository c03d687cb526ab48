package org.coldstart.tools.reasoning;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Draws the rows of both parts: as many of each kind, every block of rows one of each kind in random order, so that any
 * beginning of a part is mixed. A row goes to the part its {@link Combination} belongs to. The same seed and the same
 * number of rows give the same rows.
 */
public final class ProblemGenerator {
  private static final int MAX_DRAWS_PER_ROW = 1000;

  /** Of the data set in {@code data/reasoning}. */
  private static final long SEED = 7;
  private static final int ROWS = 10_000;

  private final long seed;
  private final Map<String, String> kindOf = new HashMap<>();

  public ProblemGenerator(long seed) {
    this.seed = seed;
  }

  /**
   * Makes {@code rows} rows, nine tenths for training and one tenth held out.
   *
   * @throws IllegalArgumentException if {@code rows} is not a positive multiple of ten times the number of kinds
   * @throws IllegalStateException if a kind cannot fill its share, or an answer fails its check
   */
  public SplitRows generate(int rows) {
    List<ProblemKind> kinds = ProblemKind.all();
    int unit = 10 * kinds.size();
    if (rows <= 0 || rows % unit != 0) {
      throw new IllegalArgumentException("rows = " + rows + " cannot be shared evenly among " + kinds.size()
          + " kinds at 9:1; take a multiple of " + unit);
    }
    kindOf.clear();
    List<List<ReasoningRow>> train = new ArrayList<>();
    List<List<ReasoningRow>> test = new ArrayList<>();
    for (ProblemKind kind : kinds) {
      List<ReasoningRow> seen = new ArrayList<>();
      List<ReasoningRow> heldOut = new ArrayList<>();
      fill(kind, seen, 9 * rows / unit, heldOut, rows / unit);
      train.add(seen);
      test.add(heldOut);
    }
    return new SplitRows(mixed(train), mixed(test));
  }

  /** Has made {@code data/reasoning} again, to tell the kinds of its rows. */
  public static ProblemGenerator ofTheDataSet() {
    ProblemGenerator generator = new ProblemGenerator(SEED);
    generator.generate(ROWS);
    return generator;
  }

  /** The kind of a row that was generated; empty for any other. */
  public Optional<String> kind(String instruction) {
    return Optional.ofNullable(kindOf.get(instruction));
  }

  private void fill(ProblemKind kind, List<ReasoningRow> train, int trainRows, List<ReasoningRow> test, int testRows) {
    // Its own numbers for each kind: a change in one kind leaves the rows of the others as they
    // are.
    Draw draw = new Draw(31 * seed + kind.name().hashCode());
    for (int draws = 0; train.size() < trainRows || test.size() < testRows; draws++) {
      if (draws > MAX_DRAWS_PER_ROW * (trainRows + testRows)) {
        throw new IllegalStateException("Kind \"" + kind.name() + "\" found only " + train.size() + " of " + trainRows
            + " training and " + test.size() + " of " + testRows
            + " held-out rows; ask for fewer rows or give the kind more wordings or operands");
      }
      ReasoningRow row = kind.make(draw).verifiedRow();
      boolean heldOut = Combination.of(row.instruction()).heldOut();
      List<ReasoningRow> part = heldOut ? test : train;
      boolean full = part.size() == (heldOut ? testRows : trainRows);
      if (!full && RowRules.lengthProblem(row).isEmpty() && kindOf.putIfAbsent(row.instruction(), kind.name()) == null) {
        part.add(row);
      }
    }
  }

  private List<ReasoningRow> mixed(List<List<ReasoningRow>> byKind) {
    Draw draw = new Draw(seed);
    List<ReasoningRow> rows = new ArrayList<>();
    for (int i = 0; i < byKind.get(0).size(); i++) {
      int place = i;
      List<ReasoningRow> block = byKind.stream().map(ofKind -> ofKind.get(place)).toList();
      rows.addAll(draw.pick(block, block.size()));
    }
    return rows;
  }
}
