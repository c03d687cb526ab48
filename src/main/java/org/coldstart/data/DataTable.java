package org.coldstart.data;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializer;
import java.time.temporal.TemporalAccessor;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/** Shows data sets as Tablesaw tables; the type of a column follows from its values. */
final class DataTable {
  private static final Gson JSON = new GsonBuilder().serializeNulls()
    .serializeSpecialFloatingPointValues()
    .disableHtmlEscaping()
    .registerTypeHierarchyAdapter(TemporalAccessor.class, asText())
    .registerTypeAdapter(byte[].class, asText())
    .create();

  private DataTable() {}

  static Table of(DataSet rows) {
    Table table = Table.create();
    rows.columns().forEach(name -> table.addColumns(column(name, rows.column(name))));
    return table;
  }

  private static Column<?> column(String name, List<Object> values) {
    Set<Class<?>> types = values.stream().filter(Objects::nonNull).map(Object::getClass).collect(Collectors.toSet());
    if (types.equals(Set.of(Boolean.class))) {
      return filled(BooleanColumn.create(name), values);
    }
    if (types.equals(Set.of(Long.class))) {
      return filled(LongColumn.create(name), values);
    }
    if (!types.isEmpty() && types.stream().allMatch(Number.class::isAssignableFrom)) {
      DoubleColumn numbers = DoubleColumn.create(name);
      values.forEach(v -> numbers.append(v == null ? null : ((Number) v).doubleValue()));
      return numbers;
    }
    return StringColumn.create(name, values.stream().map(DataTable::text));
  }

  private static Column<?> filled(Column<?> column, List<Object> values) {
    values.forEach(column::appendObj);
    return column;
  }

  private static String text(Object value) {
    return value == null ? null
        : value instanceof Map || value instanceof Collection ? JSON.toJson(value)
            : value instanceof byte[] bytes ? bytes.length + " bytes" : value.toString();
  }

  private static JsonSerializer<?> asText() {
    return (value, type, context) -> new JsonPrimitive(text(value));
  }
}
