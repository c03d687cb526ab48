package org.coldstart.io.rows;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.NanoTime;
import org.apache.parquet.hadoop.CodecFactory;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;

/**
 * Reads rows from a Parquet file, by the rules for
 * <a href="https://github.com/apache/parquet-format/blob/master/LogicalTypes.md">logical types</a>. Dates, decimals and
 * other values that JSON does not have become the text that Parquet's tools show, such as {@code 2024-02-29}.
 */
final class ParquetRows {
  private static final long JULIAN_DAY_OF_EPOCH = 2_440_588;

  private ParquetRows() {}

  static void read(Path file, RowFiles.Sink sink) {
    if (!Files.isRegularFile(file)) {
      throw new RowException("There is no file %s.", file);
    }
    long number = 0;
    try (ParquetReader<Group> reader = open(file)) {
      for (Group group = reader.read(); group != null; group = reader.read()) {
        if (!sink.accept(++number, row(group))) {
          return;
        }
      }
    } catch (IOException | RuntimeException e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof UnknownCodec codec) {
          throw new RowException("%s is compressed with %s, which is not read here: write it again with another codec,"
              + " in pandas with df.to_parquet(path, compression=\"snappy\").", file, codec.getMessage(), e);
        }
      }
      throw new RowException("Cannot read %s as Parquet after row %d: download it again, or check what wrote it.", file,
          number, e);
    }
  }

  private static ParquetReader<Group> open(Path file) throws IOException {
    PlainParquetConfiguration settings = new PlainParquetConfiguration();
    return new ParquetReader.Builder<Group>(new LocalInputFile(file), settings) {
      @Override
      protected ReadSupport<Group> getReadSupport() {
        return new GroupReadSupport();
      }
    }.withCodecFactory(new Codecs(settings)).build();
  }

  /** Parquet's codecs, with Java's own gzip in place of Hadoop's, which is not on the class path. */
  static final class Codecs extends CodecFactory {
    Codecs(ParquetConfiguration settings) {
      super(settings, 0);
    }

    @Override
    protected BytesDecompressor createDecompressor(CompressionCodecName codec) {
      return switch (codec) {
      case GZIP -> new Gunzip();
      case BROTLI, LZO, LZ4 -> throw new UnknownCodec(codec); // of Hadoop's native libraries
      default -> super.createDecompressor(codec);
      };
    }
  }

  private static final class UnknownCodec extends RuntimeException {
    UnknownCodec(CompressionCodecName codec) {
      super(codec.name());
    }
  }

  private static final class Gunzip extends CodecFactory.BytesDecompressor {
    @Override
    public BytesInput decompress(BytesInput bytes, int size) throws IOException {
      try (InputStream in = new GZIPInputStream(bytes.toInputStream())) {
        return BytesInput.from(in.readNBytes(size));
      }
    }

    @Override
    public void decompress(ByteBuffer input, int compressedSize, ByteBuffer output, int size) throws IOException {
      byte[] compressed = new byte[compressedSize];
      input.get(compressed);
      output.put(decompress(BytesInput.from(compressed), size).toByteArray());
    }

    @Override
    public void release() {
      // holds nothing
    }
  }

  private static Map<String, Object> row(Group group) {
    Map<String, Object> values = new LinkedHashMap<>();
    GroupType type = group.getType();
    for (int i = 0; i < type.getFieldCount(); i++) {
      values.put(type.getFieldName(i), field(group, i));
    }
    return Collections.unmodifiableMap(values);
  }

  /** A field's value: a list when repeated, null when it is not there. */
  private static Object field(Group group, int field) {
    int count = group.getFieldRepetitionCount(field);
    if (!group.getType().getType(field).isRepetition(Type.Repetition.REPEATED)) {
      return count == 0 ? null : value(group, field, 0);
    }
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.add(value(group, field, i));
    }
    return Collections.unmodifiableList(values);
  }

  private static Object value(Group group, int field, int index) {
    Type type = group.getType().getType(field);
    if (type.isPrimitive()) {
      return scalar(group, field, index, type.asPrimitiveType());
    }
    Group inner = group.getGroup(field, index);
    LogicalTypeAnnotation kind = type.getLogicalTypeAnnotation();
    if (kind instanceof LogicalTypeAnnotation.ListLogicalTypeAnnotation) {
      return list(inner);
    }
    return kind instanceof LogicalTypeAnnotation.MapLogicalTypeAnnotation ? map(inner) : row(inner);
  }

  /** A list of three levels: list, repeated group, element. Old writers leave the middle one out. */
  private static List<Object> list(Group list) {
    Type repeated = list.getType().getType(0);
    boolean wrapped = !repeated.isPrimitive() && repeated.asGroupType().getFieldCount() == 1
        && !repeated.getName().equals("array") && !repeated.getName().endsWith("_tuple");
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < list.getFieldRepetitionCount(0); i++) {
      values.add(wrapped ? field(list.getGroup(0, i), 0) : value(list, 0, i));
    }
    return Collections.unmodifiableList(values);
  }

  private static Map<String, Object> map(Group map) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (int i = 0; i < map.getFieldRepetitionCount(0); i++) {
      Group entry = map.getGroup(0, i);
      boolean valued = entry.getType().getFieldCount() > 1;
      values.put(String.valueOf(field(entry, 0)), valued ? field(entry, 1) : null);
    }
    return Collections.unmodifiableMap(values);
  }

  private static Object scalar(Group group, int field, int index, PrimitiveType type) {
    LogicalTypeAnnotation kind = type.getLogicalTypeAnnotation();
    boolean unsigned = kind instanceof LogicalTypeAnnotation.IntLogicalTypeAnnotation integer && !integer.isSigned();
    boolean number = kind == null || kind instanceof LogicalTypeAnnotation.IntLogicalTypeAnnotation;
    switch (type.getPrimitiveTypeName()) {
    case BOOLEAN:
      return group.getBoolean(field, index);
    case FLOAT:
      return (double) group.getFloat(field, index);
    case DOUBLE:
      return group.getDouble(field, index);
    case INT32:
      int word = group.getInteger(field, index);
      return !number ? type.stringifier().stringify(word) : (Object) (unsigned ? Integer.toUnsignedLong(word) : word);
    case INT64:
      long value = group.getLong(field, index);
      return number && !(unsigned && value < 0) ? value : type.stringifier().stringify(value);
    case INT96: // Spark's old timestamps
      NanoTime time = NanoTime.fromBinary(group.getInt96(field, index));
      long days = time.getJulianDay() - JULIAN_DAY_OF_EPOCH;
      return Instant.ofEpochSecond(days * 86_400, time.getTimeOfDayNanos()).toString();
    default:
      Binary bytes = group.getBinary(field, index);
      return kind == null ? bytes.getBytes() : type.stringifier().stringify(bytes);
    }
  }
}
