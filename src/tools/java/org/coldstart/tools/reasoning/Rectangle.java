package org.coldstart.tools.reasoning;

import java.util.List;

/** Area or perimeter of a rectangle. */
final class Rectangle implements ProblemKind {
  private static final List<String> SHAPES = List.of("garden", "hall", "field", "terrace", "playground");
  private static final List<String> AREA = List.of("A %4$s is %2$s m long and %3$s m wide. What is its area?",
      "%1$s lays tiles in a %4$s of %2$s m by %3$s m. How large is the area?",
      "What is the area of a %4$s with sides of %2$s m and %3$s m?");
  private static final List<String> PERIMETER = List.of(
      "A %4$s is %2$s m long and %3$s m wide. %1$s walks around it once. How far is that?",
      "%1$s builds a fence around a %4$s of %2$s m by %3$s m. How long is the fence?",
      "What is the perimeter of a rectangular %4$s with sides of %2$s m and %3$s m?");

  @Override
  public String name() {
    return "rectangle";
  }

  @Override
  public Problem make(Draw draw) {
    int length = 10 * draw.between(1, 3) + draw.between(1, 9);
    int width = draw.between(3, 9);
    boolean area = draw.chance(50);
    String instruction = draw.pick(area ? AREA : PERIMETER)
      .formatted(draw.pick(Person.ALL), length, width, draw.pick(SHAPES));
    return area ? area(instruction, length, width) : perimeter(instruction, length, width);
  }

  private static Problem area(String instruction, int length, int width) {
    int tens = length / 10 * 10 * width;
    int ones = length % 10 * width;
    String reasoning = "The area is length times width. %s * %s = %s, %s * %s = %s and %s + %s = %s."
      .formatted(length / 10 * 10, width, tens, length % 10, width, ones, tens, ones, tens + ones);
    return Problem.ofEquations(instruction, reasoning, (tens + ones) + " square metres", Answers.is(length * width));
  }

  private static Problem perimeter(String instruction, int length, int width) {
    int half = length + width;
    String reasoning = "All four sides count. One long and one short side: %s + %s = %s. Twice that: 2 * %s = %s."
      .formatted(length, width, half, half, 2 * half);
    return Problem.ofEquations(instruction, reasoning, 2 * half + " metres",
        Answers.is(length + width + length + width));
  }
}
