package org.coldstart.scale;

import java.io.Serializable;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.coldstart.data.DataException;
import org.coldstart.data.SourceRow;
import org.coldstart.io.rows.RowFiles;

/**
 * Rows of JSON lines, CSV, TSV and Parquet anywhere that Spark reads, in the order of the files' names and of the rows
 * in each: those of a local run, but that every field of CSV is text.
 */
final class SourceRows {

  private static final String UNREADABLE = "_unreadable";

  private SourceRows() {}

  /** A row as Spark read it, and where it stands. */
  private record Place(String file, long number, Row row) implements Serializable {

    String json() {
      return isJson(file) ? row.getString(0) : row.json();
    }

    @SuppressWarnings("unchecked") // names are strings
    Map<String, Object> values() {
      if (!(RowFiles.jsonValue(json()) instanceof Map<?, ?> values)) {
        throw new IllegalArgumentException("not an object {…}: correct or remove it.");
      }
      if (values.containsKey(UNREADABLE) && values.remove(UNREADABLE) != null) {
        throw new IllegalArgumentException("has not the header's fields: correct the row or quote its text.");
      }
      return (Map<String, Object>) values;
    }
  }

  /**
   * The rows of files, folders and globs.
   *
   * @param parts how many tasks there should be at least; a file of CSV stays whole, and so does a row group of Parquet
   */
  static JavaRDD<SourceRow> read(SparkSession spark, List<String> paths, int parts) {
    String[] files = spark.read().text(paths.toArray(String[]::new)).inputFiles();
    spark.conf().set("spark.sql.files.openCostInBytes", "1"); // lets small files be cut, too
    spark.conf().set("spark.sql.files.minPartitionNum", String.valueOf(parts / Math.max(1, files.length) + 1));
    return Arrays.stream(files)
      .sorted()
      .map(file -> read(spark, file))
      .reduce(JavaRDD::union)
      .orElseThrow(() -> new DataException("There are no files in " + String.join(", ", paths) + "."));
  }

  private static JavaRDD<SourceRow> read(SparkSession spark, String uri) {
    URI parts = URI.create(uri);
    String host = parts.getAuthority() == null ? "" : "//" + parts.getAuthority();
    String path = parts.getScheme() + ":" + host + parts.getPath(); // without %20
    String name = path.substring(path.lastIndexOf('/') + 1);
    return rows(spark, path).javaRDD()
      .zipWithIndex() // counts the lines before each part, to name them
      .map(row -> new Place(name, row._2 + 1, row._1))
      .filter(place -> !place.json().isBlank())
      .map(place -> new SourceRow(name, place.number, place::values));
  }

  private static Dataset<Row> rows(SparkSession spark, String path) {
    if (path.endsWith(".parquet")) {
      return spark.read().parquet(path);
    }
    if (isJson(path)) {
      return spark.read().option("lineSep", "\n").text(path);
    }
    DataFrameReader csv = spark.read()
      .option("header", true)
      .option("multiLine", true)
      .option("escape", "\"")
      .option("sep", path.matches(".*\\.tsv(\\.gz)?") ? "\t" : ",")
      .option("columnNameOfCorruptRecord", UNREADABLE);
    return csv.schema(csv.csv(path).schema().add(UNREADABLE, DataTypes.StringType)).csv(path);
  }

  private static boolean isJson(String file) {
    return !file.matches(".*\\.(parquet|[ct]sv(\\.gz)?)");
  }
}
