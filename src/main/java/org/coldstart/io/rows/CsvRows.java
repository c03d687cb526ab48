package org.coldstart.io.rows;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * Reads rows from CSV and TSV with a header line. A column is numbers or booleans when each of its non-empty fields is
 * one and would be written the same way again ({@code 007} stays text); an empty field is null.
 */
final class CsvRows {
  private static final List<Function<String, Object>> TYPES = List.of(CsvRows::whole, CsvRows::decimal, CsvRows::bool);

  private CsvRows() {}

  static void read(Path file, Reader text, char delimiter, RowFiles.Sink sink) throws IOException {
    CSVFormat format = CSVFormat.RFC4180.builder()
      .setDelimiter(delimiter)
      .setIgnoreEmptyLines(true)
      .get();
    List<String> columns = List.of();
    List<List<String>> records = new ArrayList<>();
    long line = 1;
    try (CSVParser parser = format.parse(text)) {
      for (CSVRecord csv : parser) {
        line = parser.getCurrentLineNumber();
        if (columns.isEmpty()) {
          columns = columns(file, csv.toList());
          continue;
        }
        if (csv.size() != columns.size()) {
          throw new RowException("%s, row %d, which ends at line %d, has %d fields and the header %d: correct the row"
              + " or quote its text.", file, records.size() + 1, line, csv.size(), columns.size());
        }
        records.add(csv.toList());
      }
    } catch (UncheckedIOException | IllegalStateException e) {
      throw new RowException("%s is not valid CSV after line %d: quotes surround a whole field or none of it, and one"
          + " within is doubled; correct it there.", file, line, e);
    }
    List<Function<String, Object>> types = IntStream.range(0, columns.size()).mapToObj(i -> type(records, i)).toList();
    for (int n = 0; n < records.size(); n++) {
      Map<String, Object> values = new LinkedHashMap<>();
      for (int i = 0; i < columns.size(); i++) {
        String field = records.get(n).get(i);
        values.put(columns.get(i), field.isEmpty() ? null : types.get(i).apply(field));
      }
      if (!sink.accept(n + 1L, values)) {
        return;
      }
    }
  }

  /** A column without a name is called as pandas does: it writes its index that way. */
  private static List<String> columns(Path file, List<String> header) {
    List<String> columns = new ArrayList<>();
    for (String name : header) {
      String column = name.isBlank() ? "Unnamed: " + columns.size() : name;
      if (columns.contains(column)) {
        throw new RowException("%s has two columns with the name %s: rename one of them in its first line.", file,
            column);
      }
      columns.add(column);
    }
    return columns;
  }

  private static Function<String, Object> type(List<List<String>> records, int column) {
    for (Function<String, Object> type : TYPES) {
      if (records.stream()
        .map(record -> record.get(column))
        .allMatch(field -> field.isEmpty() || type.apply(field) != null)) {
        return type;
      }
    }
    return text -> text;
  }

  private static Object whole(String field) {
    try {
      Long number = Long.valueOf(field);
      return number.toString().equals(field) ? number : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static Object decimal(String field) {
    return field.matches("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?") ? Double.valueOf(field) : null;
  }

  private static Object bool(String field) {
    return field.matches("(?i)true|false") ? Boolean.valueOf(field) : null;
  }
}
