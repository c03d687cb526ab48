package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.numbers.NumberColumnFormatter;

class TableHtmlTest {

  private record Line(String token, double p, int id) {}

  @Test
  void escapesTextHeadersAndTitle() {
    String html = Rendering
      .html(Table.create("a<b>", StringColumn.create("x&y", List.of("<script>alert(1)</script>"))));

    assertFalse(html.contains("<script>"), html);
    assertTrue(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), html);
    assertTrue(html.contains(">x&amp;y</th>"), html);
    assertTrue(html.contains(">a&lt;b&gt;</caption>"), html);
  }

  @Test
  void numbersStandRightAndTextLeft() {
    String html = Rendering
      .html(Table.create("", IntColumn.create("n", new int[] {7}), StringColumn.create("s", List.of("seven"))));

    assertTrue(html.matches("(?s).*<td style=\"[^\"]*text-align:right[^\"]*\">7</td>.*"), html);
    assertTrue(html.matches("(?s).*<td style=\"[^\"]*text-align:left[^\"]*\">seven</td>.*"), html);
  }

  @Test
  void showsTwentyRowsAndCountsTheRest() {
    Table twenty = Table.create("", IntColumn.create("n", IntStream.range(0, 20).toArray()));
    Table more = Table.create("", IntColumn.create("n", IntStream.range(0, 23).toArray()));

    assertFalse(Rendering.html(twenty).contains("more"));
    assertTrue(Rendering.html(more).contains("… 3 more"));
    assertEquals(20, Rendering.html(more).split("<td ", -1).length - 1);
  }

  @Test
  void aColumnHasOneNumberFormatAndADashForWhatIsMissing() {
    String html = Rendering.html(Table.create("", DoubleColumn.create("p", new double[] {0.19965312, 0.5, Double.NaN}),
        DoubleColumn.create("tiny", new double[] {0.19965312, 1.14e-10, 0})));

    assertTrue(html.contains(">0.199653<"), html);
    assertTrue(html.contains(">0.500000<"), html);
    assertTrue(html.contains(">–<"), html);
    assertTrue(html.contains(">2.00e-01<"), html);
    assertTrue(html.contains(">1.14e-10<"), html);
  }

  @Test
  void aFormatOfTheColumnsOwnIsKept() {
    DoubleColumn share = DoubleColumn.create("share", new double[] {0.5, 0.25});
    share.setPrintFormatter(NumberColumnFormatter.percent(0));

    assertTrue(Rendering.html(Table.create("", share)).contains(">50%<"));
  }

  @Test
  void tokensAndBlankCellsAreVisible() {
    Table table = Show.table("", List.of("token", "text"),
        List.of(List.of("\r\n  ", "  "), List.of(" sky", "a b")));

    String html = Rendering.html(table);
    for (String cell : List.of(">␍⏎··<", ">··<", ">·sky<", ">a b<")) {
      assertTrue(html.contains(cell), cell + " in " + html);
    }
    assertTrue(Rendering.of(table).get(Rendering.TEXT).contains("␍⏎··"));
    assertEquals(" sky", table.stringColumn("token").get(1), "the table itself is left as it was");
  }

  @Test
  void recordsBecomeColumns() {
    Table table = Show.table("P", List.of(new Line("<think>", 0.25, 49152), new Line("a", 0.5, 1)));

    assertEquals(List.of("token", "p", "id"), table.columnNames());
    assertEquals(0.5, table.doubleColumn("p").get(1));
    assertEquals(49152L, table.longColumn("id").get(0));
  }

  @Test
  void aRowOfTheWrongLengthIsNamed() {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
        () -> Show.table("t", List.of("a", "b"), List.of(List.of(1, 2), List.of(3))));

    assertEquals("Row 1 of table \"t\" has 1 values for 2 columns", e.getMessage());
  }
}
