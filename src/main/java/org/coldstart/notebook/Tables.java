package org.coldstart.notebook;

import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/** Tables out of rows; the type of a column follows from its values. */
final class Tables {

  private Tables() {}

  static Table ofRecords(String title, List<? extends Record> records) {
    if (records.isEmpty()) {
      return Table.create(title);
    }
    RecordComponent[] components = records.get(0).getClass().getRecordComponents();
    List<List<Object>> rows = new ArrayList<>();
    for (Record record : records) {
      List<Object> row = new ArrayList<>();
      for (RecordComponent component : components) {
        row.add(value(record, component.getAccessor()));
      }
      rows.add(row);
    }
    return ofRows(title, Arrays.stream(components).map(RecordComponent::getName).toList(), rows);
  }

  static Table ofRows(String title, List<String> columns, List<? extends List<?>> rows) {
    Table table = Table.create(title);
    for (int c = 0; c < columns.size(); c++) {
      List<Object> values = new ArrayList<>();
      for (int r = 0; r < rows.size(); r++) {
        if (rows.get(r).size() != columns.size()) {
          throw new IllegalArgumentException(
              "Row "
                  + r
                  + " of table \""
                  + title
                  + "\" has "
                  + rows.get(r).size()
                  + " values for "
                  + columns.size()
                  + " columns");
        }
        values.add(rows.get(r).get(c));
      }
      table.addColumns(column(columns.get(c), values));
    }
    return table;
  }

  private static Column<?> column(String name, List<Object> values) {
    boolean filled = values.stream().anyMatch(Objects::nonNull);
    if (filled
        && values.stream().allMatch(v -> v == null || v instanceof Integer || v instanceof Long)) {
      LongColumn column = LongColumn.create(name);
      values.forEach(
          v -> {
            if (v == null) column.appendMissing();
            else column.append(((Number) v).longValue());
          });
      return column;
    }
    if (filled && values.stream().allMatch(v -> v == null || v instanceof Number)) {
      DoubleColumn column = DoubleColumn.create(name);
      values.forEach(
          v -> {
            if (v == null) column.appendMissing();
            else column.append(((Number) v).doubleValue());
          });
      return column;
    }
    return StringColumn.create(
        name, values.stream().map(v -> v == null ? "" : String.valueOf(v)).toList());
  }

  private static Object value(Record record, Method accessor) {
    try {
      accessor.setAccessible(true); // a record declared in a cell is not public
      return accessor.invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(
          "Cannot read " + accessor.getName() + " of " + record.getClass().getSimpleName(), e);
    }
  }
}
