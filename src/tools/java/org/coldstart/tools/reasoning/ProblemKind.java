package org.coldstart.tools.reasoning;

import java.util.List;

/**
 * One kind of word problem. Each kind has at least five wordings, writes the operands into the question as digits,
 * quoted words, calendar names or people's names (see {@link Combination}), and checks its answer a second way.
 */
public sealed interface ProblemKind permits Ages, Average, Change, Clock, Comparison, DaysBetween, Divisible, Groups,
    Left, LetterCount, Membership, Ordering, Percent, Rectangle, Reverse, Sequence, Sharing, Total, Units, Weekday {

  /** A short name, unique among the kinds; it also seeds the kind's own random numbers. */
  String name();

  /** Draws one problem; equal draws give equal problems. */
  Problem make(Draw draw);

  /** Every kind, in a fixed order. */
  static List<ProblemKind> all() {
    return List.of(new Total(), new Left(), new Groups(), new Change(), new Sharing(), new Comparison(), new Weekday(),
        new DaysBetween(), new Clock(), new Sequence(), new Units(), new Percent(), new Average(), new Ordering(),
        new Membership(), new Reverse(), new LetterCount(), new Divisible(), new Rectangle(), new Ages());
  }
}
