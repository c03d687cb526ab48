package org.coldstart.data;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DateLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.MapLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.Type;

/**
 * Turns Parquet's groups into the values of a {@link DataRow}, by the rules for <a
 * href="https://github.com/apache/parquet-format/blob/master/LogicalTypes.md">logical types</a>.
 */
final class ParquetValues {
  private ParquetValues() {}

  static Map<String, Object> row(Group group) {
    Map<String, Object> values = new LinkedHashMap<>();
    GroupType type = group.getType();
    for (int i = 0; i < type.getFieldCount(); i++) {
      values.put(type.getFieldName(i), field(group, i));
    }
    return values;
  }

  /** A field's value: a list when repeated, null when it is not there. */
  private static Object field(Group group, int field) {
    Type type = group.getType().getType(field);
    int count = group.getFieldRepetitionCount(field);
    if (!type.isRepetition(Type.Repetition.REPEATED)) {
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
    if (type.getLogicalTypeAnnotation() instanceof ListLogicalTypeAnnotation) {
      return list(inner);
    }
    return type.getLogicalTypeAnnotation() instanceof MapLogicalTypeAnnotation
        ? map(inner)
        : Collections.unmodifiableMap(row(inner));
  }

  /**
   * A list of three levels: list, repeated group, element. Old writers leave the middle one out.
   */
  private static List<Object> list(Group list) {
    Type repeated = list.getType().getType(0);
    boolean wrapped =
        !repeated.isPrimitive()
            && repeated.asGroupType().getFieldCount() == 1
            && !repeated.getName().equals("array")
            && !repeated.getName().endsWith("_tuple");
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
      values.put(
          String.valueOf(field(entry, 0)),
          entry.getType().getFieldCount() > 1 ? field(entry, 1) : null);
    }
    return Collections.unmodifiableMap(values);
  }

  private static Object scalar(Group group, int field, int index, PrimitiveType type) {
    LogicalTypeAnnotation meaning = type.getLogicalTypeAnnotation();
    return switch (type.getPrimitiveTypeName()) {
      case BOOLEAN -> group.getBoolean(field, index);
      case FLOAT -> (double) group.getFloat(field, index);
      case DOUBLE -> group.getDouble(field, index);
      case INT32 -> integer(group.getInteger(field, index), meaning, 32);
      case INT64 -> integer(group.getLong(field, index), meaning, 64);
      case INT96 -> int96(group.getInt96(field, index));
      case BINARY, FIXED_LEN_BYTE_ARRAY -> bytes(group.getBinary(field, index), meaning);
    };
  }

  private static Object integer(long number, LogicalTypeAnnotation meaning, int bits) {
    if (meaning instanceof IntLogicalTypeAnnotation integer && !integer.isSigned() && number < 0) {
      return bits == 32
          ? (Object) (number & 0xffffffffL)
          : new BigInteger(Long.toUnsignedString(number));
    }
    if (meaning instanceof DecimalLogicalTypeAnnotation decimal) {
      return BigDecimal.valueOf(number, decimal.getScale());
    }
    if (meaning instanceof DateLogicalTypeAnnotation) {
      return LocalDate.ofEpochDay(number);
    }
    if (meaning instanceof TimeLogicalTypeAnnotation time) {
      return LocalTime.ofNanoOfDay(number * nanos(time.getUnit()));
    }
    return meaning instanceof TimestampLogicalTypeAnnotation time
        ? moment(number, time)
        : (Object) number;
  }

  /** An Instant, or a LocalDateTime where the file says that the clock's time zone is not known. */
  private static Object moment(long number, TimestampLogicalTypeAnnotation type) {
    long perSecond = 1_000_000_000L / nanos(type.getUnit());
    Instant instant =
        Instant.ofEpochSecond(
            Math.floorDiv(number, perSecond),
            Math.floorMod(number, perSecond) * nanos(type.getUnit()));
    return type.isAdjustedToUTC() ? instant : LocalDateTime.ofInstant(instant, ZoneOffset.UTC);
  }

  private static long nanos(TimeUnit unit) {
    return switch (unit) {
      case MILLIS -> 1_000_000L;
      case MICROS -> 1_000L;
      case NANOS -> 1L;
    };
  }

  /**
   * Nanoseconds of the day in 8 bytes, then the Julian day in 4, little-endian: Spark's and
   * Impala's old timestamps.
   */
  private static Object int96(Binary value) {
    java.nio.ByteBuffer buffer = value.toByteBuffer().order(java.nio.ByteOrder.LITTLE_ENDIAN);
    long nanos = buffer.getLong();
    long julianDay = buffer.getInt();
    return Instant.ofEpochSecond((julianDay - 2_440_588) * 86_400, nanos);
  }

  private static Object bytes(Binary value, LogicalTypeAnnotation meaning) {
    if (meaning instanceof DecimalLogicalTypeAnnotation decimal) {
      return new BigDecimal(new BigInteger(value.getBytes()), decimal.getScale());
    }
    boolean text =
        meaning instanceof LogicalTypeAnnotation.StringLogicalTypeAnnotation
            || meaning instanceof LogicalTypeAnnotation.EnumLogicalTypeAnnotation
            || meaning instanceof LogicalTypeAnnotation.JsonLogicalTypeAnnotation;
    return text ? value.toStringUsingUTF8() : value.getBytes();
  }
}
