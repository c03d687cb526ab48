package org.coldstart.notebook;

import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.NumericColumn;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/**
 * A table as HTML in the notebook's own colours, so that it reads well in a light and in a dark
 * theme.
 */
final class TableHtml {

  static final int MAX_ROWS = 20;

  private static final String BORDER = "border-bottom:1px solid var(--jp-border-color2,#8884);";
  private static final String CELL = "padding:4px 12px 4px 4px;vertical-align:top;";
  private static final String TEXT =
      "text-align:left;white-space:pre-wrap;overflow-wrap:anywhere;max-width:44em;";
  private static final String NUMBER =
      "text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;";
  private static final String FAINT = "color:var(--jp-ui-font-color2,#888);";

  private TableHtml() {}

  /** Header, at most {@value #MAX_ROWS} rows, and how many more there are. */
  static String of(Table table) {
    StringBuilder html =
        new StringBuilder(
            "<table style=\"border-collapse:collapse;background:transparent;font-size:13px\">");
    caption(html, table);
    header(html, table);
    html.append("<tbody>");
    int shown = Math.min(table.rowCount(), MAX_ROWS);
    for (int row = 0; row < shown; row++) {
      html.append("<tr style=\"background:transparent\">");
      for (Column<?> column : table.columns()) {
        cell(html, "td", column, text(column, row), BORDER);
      }
      html.append("</tr>");
    }
    html.append("</tbody></table>");
    int more = table.rowCount() - shown;
    if (more > 0) {
      html.append("<div style=\"").append(FAINT).append("\">… ").append(more).append(" more</div>");
    }
    return html.toString();
  }

  private static void caption(StringBuilder html, Table table) {
    if (table.name() != null && !table.name().isBlank()) {
      html.append(
              "<caption"
                  + " style=\"caption-side:top;text-align:left;font-weight:600;padding:4px;color:var(--jp-ui-font-color1,inherit)\">")
          .append(Html.escape(table.name()))
          .append("</caption>");
    }
  }

  private static void header(StringBuilder html, Table table) {
    html.append("<thead><tr>");
    for (Column<?> column : table.columns()) {
      cell(
          html,
          "th",
          column,
          column.name(),
          FAINT + "font-weight:600;border-bottom:2px solid var(--jp-border-color1,#8888);");
    }
    html.append("</tr></thead>");
  }

  private static void cell(
      StringBuilder html, String tag, Column<?> column, String text, String style) {
    html.append('<')
        .append(tag)
        .append(" style=\"")
        .append(CELL)
        .append(isNumeric(column) ? NUMBER : TEXT)
        .append(style)
        .append("\">")
        .append(Html.escape(text))
        .append("</")
        .append(tag)
        .append('>');
  }

  private static boolean isNumeric(Column<?> column) {
    return column instanceof NumericColumn;
  }

  /**
   * As Tablesaw prints it, except that fractions without a format of their own get at most six
   * digits.
   */
  private static String text(Column<?> column, int row) {
    if (column.isMissing(row)) {
      return "–";
    }
    String printed = column.getString(row);
    if (column instanceof DoubleColumn fractions) {
      double value = fractions.getDouble(row);
      boolean byDefault = printed.equals(DoubleColumn.create("", value).getString(0));
      return byDefault ? Numbers.brief(value) : printed;
    }
    return printed;
  }
}
