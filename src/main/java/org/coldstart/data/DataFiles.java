package org.coldstart.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PushbackInputStream;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/**
 * Reads a file of rows by the ending of its name: JSON, CSV or Parquet, the text ones also
 * compressed with gzip.
 */
final class DataFiles {
  private enum Format {
    JSON,
    CSV,
    TSV,
    PARQUET
  }

  private DataFiles() {}

  static boolean isDataFile(String name) {
    return format(name).isPresent();
  }

  /**
   * Reads rows until the file ends or the sink wants no more.
   *
   * @throws DataException naming the file, and the line where there is one
   */
  static void read(Path file, RowSink sink) {
    Format format =
        format(file.getFileName().toString())
            .orElseThrow(
                () ->
                    new DataException(
                        "Cannot read "
                            + file
                            + ": the name of a file of rows ends in .jsonl, .json, .csv, .tsv or"
                            + " .parquet, possibly with .gz."));
    if (format == Format.PARQUET) {
      ParquetRows.read(file, sink);
      return;
    }
    try (BufferedReader reader = open(file)) {
      switch (format) {
        case JSON -> JsonRows.read(file, reader, sink);
        case CSV -> CsvRows.read(file, reader, ',', sink);
        default -> CsvRows.read(file, reader, '\t', sink);
      }
    } catch (NoSuchFileException e) {
      throw new DataException("There is no file " + file + ".", e);
    } catch (MalformedInputException e) {
      throw new DataException(file + " is not text in UTF-8: convert it first.", e);
    } catch (IOException e) {
      throw new DataException("Cannot read " + file + ": " + e.getMessage() + ".", e);
    }
  }

  private static BufferedReader open(Path file) throws IOException {
    InputStream in = Files.newInputStream(file);
    try {
      InputStream content = file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in;
      return new BufferedReader(
          new InputStreamReader(
              withoutByteOrderMark(content),
              StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)));
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  private static InputStream withoutByteOrderMark(InputStream in) throws IOException {
    PushbackInputStream content = new PushbackInputStream(in, 3);
    byte[] start = content.readNBytes(3);
    boolean mark =
        start.length == 3
            && start[0] == (byte) 0xEF
            && start[1] == (byte) 0xBB
            && start[2] == (byte) 0xBF;
    if (!mark) {
      content.unread(start);
    }
    return content;
  }

  private static Optional<Format> format(String name) {
    String lower = name.toLowerCase(Locale.ROOT).replaceFirst("\\.gz$", "");
    return Optional.ofNullable(
        switch (lower.substring(lower.lastIndexOf('.') + 1)) {
          case "json", "jsonl", "ndjson" -> Format.JSON;
          case "csv" -> Format.CSV;
          case "tsv" -> Format.TSV;
          case "parquet" -> name.equals(name.replaceFirst("\\.gz$", "")) ? Format.PARQUET : null;
          default -> null;
        });
  }
}
