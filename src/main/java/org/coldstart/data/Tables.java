package org.coldstart.data;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/** Shows data sets as Tablesaw tables. */
final class Tables {
  private static final Gson JSON =
      new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

  private Tables() {}

  static Table of(DataSet rows) {
    Table table = Table.create();
    rows.columns().forEach(name -> table.addColumns(column(name, rows.column(name))));
    return table;
  }

  private static Column<?> column(String name, List<Object> values) {
    List<Class<?>> types =
        values.stream()
            .filter(Objects::nonNull)
            .<Class<?>>map(Object::getClass)
            .distinct()
            .collect(Collectors.toList());
    if (types.equals(List.of(Boolean.class))) {
      BooleanColumn column = BooleanColumn.create(name);
      values.forEach(v -> column.append((Boolean) v));
      return column;
    }
    if (types.equals(List.of(Long.class))) {
      LongColumn column = LongColumn.create(name);
      values.forEach(v -> column.append((Long) v));
      return column;
    }
    if (!types.isEmpty() && types.stream().allMatch(Number.class::isAssignableFrom)) {
      DoubleColumn column = DoubleColumn.create(name);
      values.forEach(
          v -> column.append(v == null ? null : Double.valueOf(((Number) v).doubleValue())));
      return column;
    }
    StringColumn column = StringColumn.create(name);
    values.forEach(v -> column.append(text(v)));
    return column;
  }

  private static String text(Object value) {
    return value == null
        ? null
        : value instanceof Map || value instanceof Collection
            ? JSON.toJson(json(value))
            : value instanceof byte[] bytes ? bytes.length + " bytes" : value.toString();
  }

  private static JsonElement json(Object value) {
    if (value instanceof Map<?, ?> map) {
      JsonObject object = new JsonObject();
      map.forEach((name, inner) -> object.add(String.valueOf(name), json(inner)));
      return object;
    }
    if (value instanceof Collection<?> list) {
      JsonArray array = new JsonArray();
      list.forEach(inner -> array.add(json(inner)));
      return array;
    }
    return value == null
        ? JsonNull.INSTANCE
        : value instanceof Number number
            ? new JsonPrimitive(number)
            : value instanceof Boolean bool
                ? new JsonPrimitive(bool)
                : new JsonPrimitive(text(value));
  }
}
