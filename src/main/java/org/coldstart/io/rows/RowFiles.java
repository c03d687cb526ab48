package org.coldstart.io.rows;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.zip.GZIPInputStream;
import org.coldstart.io.files.AtomicFiles.ThrowingConsumer;

/**
 * Reads a file of rows by its extension: {@code .jsonl}, {@code .json}, {@code .csv}, {@code .tsv}, all also with
 * {@code .gz}, and {@code .parquet}. Values are those of a {@code DataRow}.
 */
public final class RowFiles {
  private RowFiles() {}

  /** Takes the rows of a file, one by one. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Takes one row.
     *
     * @param number line or row in the file, from 1
     * @return false when no more rows are wanted
     */
    boolean accept(long number, Map<String, Object> values);
  }

  /** Whether a file of this name can be read. */
  public static boolean isRowFile(String name) {
    return extension(name).matches("json|jsonl|ndjson|csv|tsv|parquet") && !name.endsWith(".parquet.gz");
  }

  /** The extension in lower case, without the {@code .gz} of a compressed file. */
  static String extension(String name) {
    String plain = name.toLowerCase(Locale.ROOT).replaceFirst("\\.gz$", "");
    return plain.substring(plain.lastIndexOf('.') + 1);
  }

  /** Reads rows until the file ends or the sink wants no more; a {@link RowException} names file and line. */
  public static void read(Path file, Sink sink) {
    String name = file.getFileName().toString();
    if (!isRowFile(name)) {
      throw new RowException("Cannot read %s: its name must end in .jsonl, .json, .csv, .tsv or .parquet.", file);
    }
    if (extension(name).equals("parquet")) {
      ParquetRows.read(file, sink);
      return;
    }
    readText(file, reader -> {
      switch (extension(name)) {
      case "csv" -> CsvRows.read(file, reader, ',', sink);
      case "tsv" -> CsvRows.read(file, reader, '\t', sink);
      default -> JsonRows.read(file, reader, sink);
      }
    });
  }

  /** Takes rows one by one, perhaps not parsed yet. */
  @FunctionalInterface
  public interface UnparsedSink {
    /**
     * Takes one row.
     *
     * @param number line or row in the file, from 1
     * @param values gives the row's columns, or throws an IllegalArgumentException that says what is wrong with it
     */
    void accept(long number, Supplier<Map<String, Object>> values);
  }

  /**
   * As {@link #read}, but each of JSON lines is parsed by who asks for its values, on another thread perhaps; one that
   * is no object costs no other.
   */
  public static void readUnparsed(Path file, UnparsedSink sink) {
    if (!extension(file.getFileName().toString()).matches("jsonl|ndjson")) {
      read(file, (number, values) -> {
        sink.accept(number, () -> values);
        return true;
      });
      return;
    }
    readText(file, reader -> {
      long number = 0;
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        String json = line;
        number++;
        if (!json.isBlank()) {
          sink.accept(number, () -> JsonRows.row(json));
        }
      }
    });
  }

  private static void readText(Path file, ThrowingConsumer<BufferedReader> action) {
    try (BufferedReader reader = open(file)) {
      action.accept(reader);
    } catch (NoSuchFileException e) {
      throw new RowException("There is no file %s.", file, e);
    } catch (MalformedInputException e) {
      throw new RowException("%s is not text in UTF-8: convert it first.", file, e);
    } catch (IOException e) {
      throw new RowException("Cannot read %s: %s.", file, e.getMessage(), e);
    }
  }

  /** By the first two bytes: files on the hub do not always have the ending. */
  private static boolean isGzip(InputStream in) throws IOException {
    in.mark(2);
    int magic = in.read() | in.read() << 8;
    in.reset();
    return magic == GZIPInputStream.GZIP_MAGIC;
  }

  /** The value of a JSON text as a row has it; an IllegalArgumentException if it is none. */
  public static Object jsonValue(String json) {
    try {
      return JsonRows.value(json);
    } catch (IOException | RuntimeException e) {
      throw new IllegalArgumentException("not JSON: " + e.getMessage(), e);
    }
  }

  private static BufferedReader open(Path file) throws IOException {
    InputStream in = new BufferedInputStream(Files.newInputStream(file));
    try {
      InputStream text = isGzip(in) ? new GZIPInputStream(in) : in;
      BufferedReader reader = new BufferedReader(
          new InputStreamReader(text, StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)));
      reader.mark(1);
      if (reader.read() != '\uFEFF') { // a byte-order mark, as Windows writes it
        reader.reset();
      }
      return reader;
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }
}
