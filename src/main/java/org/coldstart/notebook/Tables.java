package org.coldstart.notebook;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/** Tables out of rows; the type of a column follows from its values. */
final class Tables {

  private Tables() {}

  /** A column for each component of the records. */
  static Table ofRecords(String title, List<? extends Record> records) {
    if (records.isEmpty()) {
      return Table.create(title);
    }
    List<RecordComponent> components = List.of(records.get(0).getClass().getRecordComponents());
    return ofRows(title, components.stream().map(RecordComponent::getName).toList(),
        records.stream()
          .map(record -> components.stream().map(part -> value(record, part)).toArray())
          .map(Arrays::asList)
          .toList());
  }

  private static Object value(Record record, RecordComponent component) {
    try {
      component.getAccessor().setAccessible(true); // a record declared in a cell is not public
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(
          "Cannot read " + component.getName() + " of " + record.getClass().getSimpleName(), e);
    }
  }

  static Table ofRows(String title, List<String> columns, List<? extends List<?>> rows) {
    for (int r = 0; r < rows.size(); r++) {
      if (rows.get(r).size() != columns.size()) {
        throw new IllegalArgumentException("Row %d of table \"%s\" has %d values for %d columns".formatted(r, title,
            rows.get(r).size(), columns.size()));
      }
    }
    return Table.create(title,
        IntStream.range(0, columns.size()).<Column<?>>mapToObj(c -> column(columns.get(c), rows, c)).toList());
  }

  private static Column<?> column(String name, List<? extends List<?>> rows, int index) {
    List<Object> values = new ArrayList<>();
    rows.forEach(row -> values.add(row.get(index)));
    List<Object> given = values.stream().filter(Objects::nonNull).toList();
    if (given.isEmpty() || !given.stream().allMatch(Number.class::isInstance)) {
      return StringColumn.create(name, values.stream().map(value -> Objects.toString(value, "")).toList());
    }
    if (given.stream().allMatch(value -> value instanceof Integer || value instanceof Long)) {
      LongColumn column = LongColumn.create(name);
      values.forEach(v -> column.append(v == null ? null : (Long) ((Number) v).longValue()));
      return column;
    }
    DoubleColumn column = DoubleColumn.create(name);
    values.forEach(v -> column.append(v == null ? null : (Double) ((Number) v).doubleValue()));
    return column;
  }
}
