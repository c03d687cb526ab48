package org.coldstart.io.checkpoint;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.coldstart.io.files.CheckpointException;

/**
 * Where a file's tensors lie; finds those that reach past the end of the file or into one another.
 */
final class Ranges {
  private record Range(String name, long begin, long end) {}

  private final String file;
  private final long fileSize;
  private final List<Range> ranges = new ArrayList<>();

  Ranges(String file, long fileSize) {
    this.file = file;
    this.fileSize = fileSize;
  }

  /** Adds {@code length} bytes at {@code start + offset}; none of the three is negative. */
  void add(String name, long start, long offset, long length) {
    if (start > fileSize || offset > fileSize - start || length > fileSize - start - offset) {
      throw new CheckpointException(
          file
              + " is cut short or damaged: tensor \""
              + name
              + "\" has "
              + length
              + " bytes at offset "
              + offset
              + " of the data, but the file ends at byte "
              + fileSize
              + ". Download it again.");
    }
    ranges.add(new Range(name, start + offset, start + offset + length));
  }

  void checkDisjoint() {
    ranges.sort(Comparator.comparingLong(Range::begin).thenComparingLong(Range::end));
    for (int i = 1; i < ranges.size(); i++) {
      Range before = ranges.get(i - 1);
      Range here = ranges.get(i);
      if (here.begin() < before.end()) {
        throw new CheckpointException(
            file
                + " is damaged: tensors \""
                + before.name()
                + "\" and \""
                + here.name()
                + "\" overlap. Download it again.");
      }
    }
  }
}
