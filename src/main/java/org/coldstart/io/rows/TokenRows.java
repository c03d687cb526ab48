package org.coldstart.io.rows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.InitContext;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/**
 * Tokenized rows in a Parquet file, in the columns that TRL trains on as they are: {@code input_ids}, {@code labels}
 * ({@value #IGNORED} where a token carries no loss) and {@code completion_mask} (1 where it does), all lists of int32.
 * No number of them is boxed on the way.
 *
 * @param ids the tokens of a row
 * @param labels the token itself where it carries loss, else {@value #IGNORED}
 */
public record TokenRows(int[] ids, int[] labels) {

  /** The label of a token without loss. */
  public static final int IGNORED = -100;

  private static final String[] COLUMNS = {"input_ids", "labels", "completion_mask"};
  private static final MessageType SCHEMA = new MessageType("examples",
      Arrays.stream(COLUMNS).map(TokenRows::list).toList());

  private static Type list(String name) {
    return Types.requiredList().requiredElement(PrimitiveTypeName.INT32).named(name);
  }

  /** Takes a row at a time into a file; closing completes it. */
  public static final class Writer implements AutoCloseable {
    private final Path file;
    private final ParquetWriter<TokenRows> writer;

    /** A writer of a new file; a {@link RowException} names it if it cannot be made, or is there. */
    public Writer(Path file) {
      this.file = file;
      PlainParquetConfiguration settings = new PlainParquetConfiguration();
      try {
        this.writer = new Builder(file).withConf(settings)
          .withCodecFactory(new ParquetRows.Codecs(settings))
          .withCompressionCodec(CompressionCodecName.ZSTD)
          .build();
      } catch (IOException e) {
        throw failed(e);
      }
    }

    /** Writes one row. */
    public void write(TokenRows row) {
      try {
        writer.write(row);
      } catch (IOException e) {
        throw failed(e);
      }
    }

    @Override
    public void close() {
      try {
        writer.close();
      } catch (IOException e) {
        throw failed(e);
      }
    }

    private RowException failed(IOException e) {
      return new RowException("Cannot write %s: %s.", file, e, e);
    }
  }

  private static final class Builder extends ParquetWriter.Builder<TokenRows, Builder> {
    Builder(Path file) {
      super(new LocalOutputFile(file));
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    protected WriteSupport<TokenRows> getWriteSupport(Configuration settings) {
      return new Columns();
    }
  }

  private static final class Columns extends WriteSupport<TokenRows> {
    private RecordConsumer out;

    @Override
    public WriteContext init(Configuration settings) {
      return new WriteContext(SCHEMA, Map.of());
    }

    @Override
    public void prepareForWrite(RecordConsumer consumer) {
      out = consumer;
    }

    @Override
    public void write(TokenRows row) {
      out.startMessage();
      list(0, row.ids());
      list(1, row.labels());
      list(2, Arrays.stream(row.labels()).map(label -> label == IGNORED ? 0 : 1).toArray());
      out.endMessage();
    }

    private void list(int column, int[] values) {
      out.startField(COLUMNS[column], column);
      out.startGroup();
      if (values.length > 0) { // Parquet knows no empty repeated field
        out.startField("list", 0);
        for (int value : values) {
          out.startGroup();
          out.startField("element", 0);
          out.addInteger(value);
          out.endField("element", 0);
          out.endGroup();
        }
        out.endField("list", 0);
      }
      out.endGroup();
      out.endField(COLUMNS[column], column);
    }
  }

  /** How many rows a file has, from its footer; a {@link RowException} names it if it cannot be read. */
  public static long count(Path file) {
    try (ParquetFileReader reader = ParquetFileReader.open(new LocalInputFile(file))) {
      return reader.getRecordCount();
    } catch (IOException | RuntimeException e) {
      throw failed(file, 0, e);
    }
  }

  /**
   * Reads the ids and labels of a file, be they int32 or int64, whoever wrote it; a {@link RowException} names the file
   * and the row at which it ends.
   */
  public static void read(Path file, Consumer<TokenRows> sink) {
    long number = 0;
    PlainParquetConfiguration settings = new PlainParquetConfiguration();
    try (ParquetReader<TokenRows> reader = new ParquetReader.Builder<TokenRows>(new LocalInputFile(file), settings) {
      @Override
      protected ReadSupport<TokenRows> getReadSupport() {
        return new Reading();
      }
    }.withCodecFactory(new ParquetRows.Codecs(settings)).build()) {
      for (TokenRows row = reader.read(); row != null; row = reader.read()) {
        number++;
        sink.accept(row);
      }
    } catch (IOException | RuntimeException e) {
      throw failed(file, number, e);
    }
  }

  private static RowException failed(Path file, long row, Exception e) {
    return e instanceof RowException known ? known
        : new RowException("Cannot read %s as tokenized rows (columns input_ids and labels) after row %d: %s; write it"
            + " again.", file, row, e.getMessage(), e);
  }

  private static final class Reading extends ReadSupport<TokenRows> {
    @Override
    public ReadContext init(InitContext context) {
      MessageType all = context.getFileSchema();
      return new ReadContext(new MessageType(all.getName(), all.getType("input_ids"), all.getType("labels")));
    }

    @Override
    public RecordMaterializer<TokenRows> prepareForRead(Configuration settings, Map<String, String> metadata,
        MessageType fileSchema, ReadContext context) {
      return new Row(context.getRequestedSchema());
    }
  }

  /** Collects the numbers below each column, whatever the levels of its list are called. */
  private static final class Row extends RecordMaterializer<TokenRows> {
    private final Numbers[] columns = {new Numbers(), new Numbers()};
    private final GroupConverter root;

    Row(MessageType schema) {
      root = new Level(converter(schema.getType(0), columns[0]), converter(schema.getType(1), columns[1]));
    }

    private static Converter converter(Type type, Numbers numbers) {
      return type.isPrimitive() ? numbers
          : new Level(((GroupType) type).getFields().stream().map(it -> converter(it, numbers)).toArray(Converter[]::new));
    }

    @Override
    public TokenRows getCurrentRecord() {
      return new TokenRows(columns[0].take(), columns[1].take());
    }

    @Override
    public GroupConverter getRootConverter() {
      return root;
    }
  }

  private static final class Level extends GroupConverter {
    private final Converter[] below;

    Level(Converter... below) {
      this.below = below;
    }

    @Override
    public Converter getConverter(int field) {
      return below[field];
    }

    @Override
    public void start() {
      // Numbers are all that counts.
    }

    @Override
    public void end() {
      // Numbers are all that counts.
    }
  }

  private static final class Numbers extends PrimitiveConverter {
    private int[] values = new int[256];
    private int size;

    @Override
    public void addInt(int value) {
      if (size == values.length) {
        values = Arrays.copyOf(values, 2 * size);
      }
      values[size++] = value;
    }

    @Override
    public void addLong(long value) {
      addInt(Math.toIntExact(value));
    }

    int[] take() {
      int[] taken = Arrays.copyOf(values, size);
      size = 0;
      return taken;
    }
  }
}
