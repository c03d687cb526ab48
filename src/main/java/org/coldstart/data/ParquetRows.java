package org.coldstart.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.MessageType;

/** Reads rows from a Parquet file, one row group in memory at a time. */
final class ParquetRows {
  private ParquetRows() {}

  static void read(Path file, RowSink sink) {
    if (!Files.isRegularFile(file)) {
      throw new DataException("There is no file " + file + ".");
    }
    PlainParquetConfiguration configuration = new PlainParquetConfiguration();
    ParquetReadOptions options =
        ParquetReadOptions.builder(configuration)
            .withCodecFactory(new GzipCodecs(configuration))
            .build();
    long[] number = {0};
    try (ParquetFileReader reader = ParquetFileReader.open(new LocalInputFile(file), options)) {
      MessageType schema = reader.getFileMetaData().getSchema();
      PageReadStore pages = reader.readNextRowGroup();
      while (pages != null && readGroup(schema, pages, number, sink)) {
        pages = reader.readNextRowGroup();
      }
    } catch (DataException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new DataException(
          "Cannot read %s as Parquet after row %d (%s): download it again, or check what wrote it."
              .formatted(file, number[0], e.getMessage()),
          e);
    }
  }

  private static boolean readGroup(
      MessageType schema, PageReadStore pages, long[] number, RowSink sink) {
    RecordReader<Group> records =
        new ColumnIOFactory()
            .getColumnIO(schema)
            .getRecordReader(pages, new GroupRecordConverter(schema));
    for (long i = 0; i < pages.getRowCount(); i++) {
      number[0]++;
      if (!sink.accept(number[0], ParquetValues.row(records.read()))) {
        return false;
      }
    }
    return true;
  }
}
