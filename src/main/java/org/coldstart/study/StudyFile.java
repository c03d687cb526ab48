package org.coldstart.study;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.coldstart.io.files.AtomicFiles;

/** The CSV files of studies, a run in each line. */
final class StudyFile {

  private StudyFile() {}

  /** The lines of a file, none if there is no file; an IllegalArgumentException names one that is no run. */
  static <T> List<T> readAll(Path file, Function<CSVRecord, T> run) {
    if (!Files.exists(file)) {
      return List.of();
    }
    CSVFormat format = CSVFormat.DEFAULT.builder().setHeader().setSkipHeaderRecord(true).get();
    try (CSVParser parser = CSVParser.parse(file, StandardCharsets.UTF_8, format)) {
      return parser.stream().map(line -> run(line, file, run)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the study " + file, e);
    }
  }

  private static <T> T run(CSVRecord line, Path file, Function<CSVRecord, T> run) {
    try {
      return run.apply(line);
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      throw new IllegalArgumentException(
          "%s, run %d is not a run of a study: %s".formatted(file, line.getRecordNumber(), e.getMessage()), e);
    }
  }

  /** Writes all lines, replacing the file in one move. */
  static <T> void writeAll(Path file, String[] header, List<T> runs, Function<T, Object[]> fields) {
    String lines = runs.stream()
      .map(run -> CSVFormat.DEFAULT.format(fields.apply(run)) + "\n")
      .collect(Collectors.joining());
    AtomicFiles.writeString(file, CSVFormat.DEFAULT.format((Object[]) header) + "\n" + lines);
  }

  static String decimals(double value, int digits) {
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }
}
