package org.coldstart.data;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializer;
import java.time.temporal.TemporalAccessor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.coldstart.io.hub.Hub;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/**
 * Rows in order; immutable, every change makes a new data set.
 *
 * <pre>{@code
 * DataSet rows = DataSet.load("SkunkworksAI/reasoning-0.01", "train[:10000]");
 * Split split = rows.trainTestSplit(0.1, 42);
 * String question = split.train().get(0).text("instruction");
 * }</pre>
 */
public final class DataSet implements Iterable<DataRow> {
  /** Nested values in a table. */
  private static final Gson JSON = new GsonBuilder().serializeNulls()
    .serializeSpecialFloatingPointValues()
    .disableHtmlEscaping()
    .registerTypeHierarchyAdapter(TemporalAccessor.class, asText())
    .registerTypeAdapter(byte[].class, asText())
    .create();

  private final List<DataRow> rows;
  private final List<String> columns;

  private DataSet(List<DataRow> rows) {
    this.rows = List.copyOf(rows);
    Set<String> names = new LinkedHashSet<>();
    this.rows.forEach(row -> names.addAll(row.values().keySet()));
    this.columns = List.copyOf(names);
  }

  /** A data set of these rows. */
  public static DataSet of(List<DataRow> rows) {
    return new DataSet(rows);
  }

  /** A data set of these rows' values, numbered from 1. */
  public static DataSet fromList(List<? extends Map<String, ?>> values) {
    List<DataRow> rows = new ArrayList<>();
    for (Map<String, ?> row : values) {
      rows.add(new DataRow(rows.size() + 1L, Collections.unmodifiableMap(row)));
    }
    return new DataSet(rows);
  }

  /** Loads the split {@code train}. */
  public static DataSet load(String nameOrPath) {
    return load(nameOrPath, "train");
  }

  /**
   * Loads rows of JSON lines, JSON, CSV, TSV or Parquet.
   *
   * @param nameOrPath a file, a folder, or {@code owner/name[@revision]} on the hub
   * @param split a split and, if wanted, a range of its rows: {@code train}, {@code train[:10000]},
   * {@code test[10:20]}, {@code train[-100:]}, {@code train[:10%]}
   * @throws DataException if the source, the split or a row cannot be read
   * @throws org.coldstart.io.hub.HubException if the files can neither be downloaded nor found in the cache
   */
  public static DataSet load(String nameOrPath, String split) {
    return load(nameOrPath, "", split);
  }

  /**
   * As {@link #load(String, String)}, for a data set of several configurations.
   *
   * @param configuration one of those in the data set's README: {@code main} of {@code openai/gsm8k}; empty: the
   * default one
   */
  public static DataSet load(String nameOrPath, String configuration, String split) {
    return new DataSetLoader(Hub::fromEnvironment, configuration).load(nameOrPath, split);
  }

  /** Number of rows. */
  public int size() {
    return rows.size();
  }

  /** Names of all columns, in the order in which rows have them first. */
  public List<String> columns() {
    return columns;
  }

  /** The row at an index from 0; negative indices count from the end. */
  public DataRow get(int index) {
    int place = index < 0 ? rows.size() + index : index;
    if (place < 0 || place >= rows.size()) {
      throw new IndexOutOfBoundsException("No row at index " + index + ": the data set has " + rows.size() + " rows.");
    }
    return rows.get(place);
  }

  /** The values of one column, a null for each row without it. */
  public List<Object> column(String name) {
    if (!columns.contains(name)) {
      throw new DataException("No column '%s': the columns are %s.".formatted(name, String.join(", ", columns)));
    }
    return rows.stream().map(row -> row.values().get(name)).toList();
  }

  /** Rows from one index, counted from 0, up to and without another. */
  public DataSet select(int from, int to) {
    if (from < 0 || from > to || to > rows.size()) {
      throw new IndexOutOfBoundsException(
          "Cannot select rows %d to %d: the data set has %d rows.".formatted(from, to, rows.size()));
    }
    return new DataSet(rows.subList(from, to));
  }

  /** The same rows in an order that the seed decides, the same on every machine. */
  public DataSet shuffle(long seed) {
    return new DataSet(Batches.shuffle(rows, seed));
  }

  /**
   * Applies a function to each row, on all cores, and keeps the order.
   *
   * @throws DataException naming the first row, in order, for which the function failed, and the others with the same
   * fault
   */
  public DataSet map(Function<DataRow, DataRow> function) {
    return new DataSet(DataException.map(rows, row -> {
      DataRow mapped = function.apply(row);
      if (mapped == null) {
        throw new DataException("the function returned null; to drop rows, use filter.");
      }
      return mapped;
    }));
  }

  /** The rows for which the condition holds. */
  public DataSet filter(Predicate<DataRow> condition) {
    return new DataSet(rows.stream().filter(condition).toList());
  }

  /**
   * Shuffles and splits the rows: {@code ceil(testSize · size)} rows for testing, as Python's datasets counts them, the
   * others for training. The seed decides which (not those Python picks for it).
   *
   * @param testSize share of the rows held out, between 0 and 1
   */
  public Split trainTestSplit(double testSize, long seed) {
    int test = (int) Math.ceil(testSize * rows.size());
    if (!(testSize > 0 && testSize < 1) || test == rows.size()) {
      throw new DataException(
          "Cannot hold out a share of %s of %d rows: it lies between 0 and 1 and leaves a row on each side."
            .formatted(testSize, rows.size()));
    }
    DataSet shuffled = shuffle(seed);
    return new Split(shuffled.select(test, rows.size()), shuffled.select(0, test));
  }

  /** A Tablesaw table: columns of text, numbers and booleans; nested values as JSON text. */
  public Table toTable() {
    Table table = Table.create();
    columns.forEach(name -> table.addColumns(tableColumn(name, column(name))));
    return table;
  }

  private static Column<?> tableColumn(String name, List<Object> values) {
    Set<Class<?>> types = values.stream().filter(Objects::nonNull).map(Object::getClass).collect(Collectors.toSet());
    if (types.equals(Set.of(Boolean.class))) {
      return filled(BooleanColumn.create(name), values);
    }
    if (types.equals(Set.of(Long.class))) {
      return filled(LongColumn.create(name), values);
    }
    if (!types.isEmpty() && types.stream().allMatch(Number.class::isAssignableFrom)) {
      return filled(DoubleColumn.create(name),
          values.stream().map(v -> v == null ? null : ((Number) v).doubleValue()).toList());
    }
    return StringColumn.create(name, values.stream().map(DataSet::text));
  }

  private static Column<?> filled(Column<?> column, List<?> values) {
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

  /** The rows as a stream. */
  public Stream<DataRow> stream() {
    return rows.stream();
  }

  @Override
  public Iterator<DataRow> iterator() {
    return rows.iterator();
  }

  @Override
  public String toString() {
    return "DataSet[" + rows.size() + " rows: " + String.join(", ", columns) + "]";
  }
}
