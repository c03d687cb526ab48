package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.coldstart.study.RecipeRun;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class StudyViewTest {

  private static RecipeRun run(String recipe, int rows, String kind, int questions, int wellFormed, int exact) {
    return new RecipeRun("tiny", recipe, rows, 1, 2, 1, kind, questions,
        new RecipeRun.Counts(5, wellFormed, exact, exact), 40.25, 3, 0.5, 170, 12, "here");
  }

  @Test
  void longRunsStandBelowEachOther() {
    Table table = StudyView.recipes("", List.of(run("rows", 192, "all", 10, 9, 1), run("rows", 192, "ages", 2, 1, 1),
        run("rows", 1000, "all", 10, 10, 5)));
    assertEquals(List.of("recipe", "rows × epochs", "held-out loss", "well-formed", "exact", "and reasoning holds"),
        table.columnNames());
    assertEquals(2, table.rowCount());
    assertEquals("1000 × 1", table.getString(1, 1));
    assertEquals("50 % (24–76 %)", table.getString(1, "exact"));
  }

  @Test
  void whereFormMeansNothingLengthsAreShown() {
    Table table = StudyView.recipes("", List.of(run("instruction", 362, "all", 10, -1, -1)));
    assertEquals("50 % (24–76 %)", table.getString(0, "ended"));
    assertEquals("40.3", table.getString(0, "tokens a reply"));
  }

  @Test
  void kindsBestAnsweredComeFirst() {
    Table table = StudyView.kinds("", List.of(run("rows", 192, "all", 4, 4, 1), run("rows", 192, "ages", 2, 2, 1),
        run("rows", 192, "total", 2, 2, 0), run("rows", 1000, "all", 4, 4, 2), run("rows", 1000, "ages", 2, 2, 0),
        run("rows", 1000, "total", 2, 2, 2)));
    assertEquals(List.of("kind", "rows, 192", "rows, 1000"), table.columnNames());
    assertEquals(List.of("total", "ages"), table.stringColumn("kind").asList());
    assertEquals("0 of 2", table.getString(0, 1));
    assertEquals("2 of 2", table.getString(0, 2));
  }

  @Test
  void noRunsAreAnEmptyTable() {
    assertEquals(0, StudyView.recipes("", List.of()).rowCount());
    assertEquals(0, StudyView.kinds("", List.of()).rowCount());
  }
}
