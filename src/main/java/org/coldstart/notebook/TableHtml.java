package org.coldstart.notebook;

import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.NumericColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/**
 * A table as HTML in the notebook's own colours, so that it reads well in a light and in a dark theme.
 */
final class TableHtml {

  static final int MAX_ROWS = 20;

  private static final String CELL = "padding:4px 12px 4px 4px;vertical-align:top;";
  private static final String TEXT = "text-align:left;white-space:pre-wrap;overflow-wrap:anywhere;max-width:44em;";
  private static final String NUMBER = "text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;";
  private static final String CAPTION = "caption-side:top;text-align:left;font-weight:600;padding:4px;"
      + "color:var(--jp-ui-font-color1,inherit)";

  private TableHtml() {}

  /** Header, at most {@value #MAX_ROWS} rows, and how many more there are. */
  static String of(Table table) {
    int shown = Math.min(table.rowCount(), MAX_ROWS);
    int more = table.rowCount() - shown;
    String title = table.name() == null || table.name().isBlank() ? ""
        : Html.element("caption", CAPTION, Html.escape(table.name()));
    String head = cells(table, "th", Html.HEADING, Column::name);
    String body = IntStream.range(0, shown)
      .mapToObj(row -> cells(table, "td", Html.LINE_BELOW, column -> text(column, row)))
      .map(cells -> Html.element("tr", "background:transparent", cells))
      .collect(Collectors.joining());
    return Html.element("table", Html.TABLE, title + "<thead><tr>" + head + "</tr></thead><tbody>" + body + "</tbody>")
        + (more > 0 ? Html.element("div", Html.FAINT, "… " + more + " more") : "");
  }

  private static String cells(Table table, String tag, String style, Function<Column<?>, String> text) {
    return table.columns()
      .stream()
      .map(column -> Html.element(tag, CELL + (column instanceof NumericColumn ? NUMBER : TEXT) + style,
          Html.escape(text.apply(column))))
      .collect(Collectors.joining());
  }

  /**
   * As Tablesaw prints it, except that fractions without a format of their own get at most six digits.
   */
  private static String text(Column<?> column, int row) {
    if (column.isMissing(row)) {
      return "–";
    }
    String printed = column.getString(row);
    if (column instanceof DoubleColumn fractions) {
      double value = fractions.getDouble(row);
      boolean byDefault = printed.equals(DoubleColumn.create("", value).getString(0));
      return byDefault ? NumberText.brief(value) : printed;
    }
    return printed;
  }
}
