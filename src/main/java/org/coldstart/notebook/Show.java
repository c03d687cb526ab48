package org.coldstart.notebook;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.coldstart.data.DataSet;
import org.coldstart.data.Example;
import org.coldstart.generate.Responses.Answer;
import org.coldstart.tokenizer.Tokenizer;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/**
 * What a cell ends with to show something; imported statically into every notebook. Each call returns a value, which
 * the notebook shows when it is the cell's last expression, and {@code
 * display(...)} shows anywhere in a cell.
 */
public final class Show {

  private Show() {}

  /** Tokens side by side on alternating backgrounds; their bytes decoded, spaces and line breaks made visible. */
  public static Rich tokens(List<String> tokens) {
    return TokenHtml.tokens(tokens, null, id -> false);
  }

  /** As {@link #tokens(List)}, with each token's id as its hover text. */
  public static Rich tokens(List<String> tokens, int[] ids) {
    return tokens(tokens, ids, id -> false);
  }

  /**
   * As {@link #tokens(List, int[])}, highlighting tokens whose id is new: {@code tokens(names, ids,
   * id -> id >= 49152)}.
   *
   * @throws IllegalArgumentException if there are not as many ids as tokens
   */
  public static Rich tokens(List<String> tokens, int[] ids, IntPredicate isNew) {
    return TokenHtml.tokens(tokens, ids, isNew);
  }

  /**
   * Which tokens carry loss: those with {@code mask[i]} in green, the rest in grey, with a legend that counts both.
   *
   * @throws IllegalArgumentException if mask and tokens differ in length
   */
  public static Rich mask(List<String> tokens, boolean[] mask) {
    return TokenHtml.mask(tokens, null, mask);
  }

  /** As {@link #mask(List, boolean[])}, of a training example in its tokenizer's spelling. */
  public static Rich mask(Tokenizer tokenizer, Example example) {
    int[] ids = example.ids();
    return mask(Arrays.stream(ids).mapToObj(tokenizer::idToToken).toList(), ids, example.mask());
  }

  /** As {@link #mask(List, boolean[])}, with each token's id as its hover text. */
  public static Rich mask(List<String> tokens, int[] ids, boolean[] mask) {
    return TokenHtml.mask(tokens, ids, mask);
  }

  /** Tokens of one text, for a table: their bytes decoded, blanks and line breaks visible. */
  public static List<String> legible(List<String> tokens) {
    return Pieces.legible(tokens);
  }

  /** A table with a column for each component of the records, in their order. */
  public static Table table(String title, List<? extends Record> rows) {
    if (rows.isEmpty()) {
      return Table.create(title);
    }
    List<RecordComponent> components = List.of(rows.get(0).getClass().getRecordComponents());
    return table(title, components.stream().map(RecordComponent::getName).toList(),
        rows.stream()
          .map(row -> components.stream().map(part -> value(row, part)).toArray())
          .map(Arrays::asList)
          .toList());
  }

  private static Object value(Record record, RecordComponent component) {
    try {
      component.getAccessor().setAccessible(true); // a record declared in a cell is not public
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(
          "Cannot read " + component.getName() + " of " + record.getClass().getSimpleName(), e);
    }
  }

  /**
   * A table of rows. A column whose values are all whole numbers, or all numbers, is numeric; null is a missing value.
   * Blanks are made visible in the columns {@code token} and {@code piece}, and where a text is nothing else.
   *
   * @throws IllegalArgumentException if a row has more or fewer values than there are columns
   */
  public static Table table(String title, List<String> columns, List<? extends List<?>> rows) {
    for (int r = 0; r < rows.size(); r++) {
      if (rows.get(r).size() != columns.size()) {
        throw new IllegalArgumentException("Row %d of table \"%s\" has %d values for %d columns".formatted(r, title,
            rows.get(r).size(), columns.size()));
      }
    }
    return Table.create(title,
        IntStream.range(0, columns.size()).<Column<?>>mapToObj(c -> column(columns.get(c), rows, c)).toList());
  }

  private static Column<?> column(String name, List<? extends List<?>> rows, int index) {
    List<Object> values = new ArrayList<>();
    rows.forEach(row -> values.add(row.get(index)));
    List<Object> given = values.stream().filter(Objects::nonNull).toList();
    if (given.isEmpty() || !given.stream().allMatch(Number.class::isInstance)) {
      return StringColumn.create(name, values.stream().map(value -> Objects.toString(value, "")).toList());
    }
    if (given.stream().allMatch(value -> value instanceof Integer || value instanceof Long)) {
      LongColumn column = LongColumn.create(name);
      values.forEach(v -> column.append(v == null ? null : (Long) ((Number) v).longValue()));
      return column;
    }
    DoubleColumn column = DoubleColumn.create(name);
    values.forEach(v -> column.append(v == null ? null : (Double) ((Number) v).doubleValue()));
    return column;
  }

  /** The first three conversations of a data set, as {@link #displayDataset(DataSet, int)}. */
  public static Rich displayDataset(DataSet rows) {
    return displayDataset(rows, 3);
  }

  /**
   * Conversations as a table of <i>User Prompt</i> and <i>Assistant Response</i>, in full: long texts wrap. A
   * conversation of several turns has as many lines; a system message comes above the prompt.
   *
   * @param count how many conversations, from the first; fewer if there are no more
   * @throws org.coldstart.data.DataException naming the row that holds no conversation
   */
  public static Rich displayDataset(DataSet rows, int count) {
    return ConversationHtml.of(rows.stream().limit(count).toList());
  }

  /**
   * A model's answers beside another's, or beside its own after training, to the same questions. A ✂ marks an answer
   * that the model did not end itself.
   *
   * @param firstName heads the column of the first answers
   * @throws IllegalArgumentException if the questions are not the same
   */
  public static Table sideBySide(String firstName, List<Answer> first, String secondName, List<Answer> second) {
    List<String> questions = first.stream().map(Answer::question).toList();
    if (!questions.equals(second.stream().map(Answer::question).toList())) {
      throw new IllegalArgumentException("The answers are to different questions: put the same to both.");
    }
    return table("", List.of("question", firstName, secondName),
        IntStream.range(0, questions.size())
          .mapToObj(i -> List.of(questions.get(i), text(first.get(i)), text(second.get(i))))
          .toList());
  }

  private static String text(Answer answer) {
    String said = answer.answer().isEmpty() ? "(nothing)" : answer.answer();
    return answer.ended() ? said : said + " ✂";
  }
}
