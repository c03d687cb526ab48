package org.coldstart.evaluate;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds equations such as {@code 6 * 4 = 24} in a text and says whether they are true, exactly. */
public final class Equations {
  private static final String NUMBER = "\\d+(?:\\.\\d+)?";
  private static final Pattern EQUATION = Pattern.compile(NUMBER + "(?: ?[-+*/] ?" + NUMBER + ")+ ?= ?" + NUMBER);
  private static final Pattern SYMBOL = Pattern.compile(NUMBER + "|[-+*/]");

  private Equations() {}

  /** The equations in the order in which they stand. */
  public static List<String> in(String text) {
    List<String> found = new ArrayList<>();
    Matcher matcher = EQUATION.matcher(text);
    while (matcher.find()) {
      found.add(matcher.group());
    }
    return found;
  }

  /**
   * Whether both sides are equal; {@code *} and {@code /} bind tighter than {@code +} and {@code -}. A quotient that no
   * finite decimal writes is equal to nothing.
   */
  public static boolean holds(String equation) {
    String[] sides = equation.split("=");
    try {
      return sides.length == 2 && value(sides[0]).compareTo(new BigDecimal(sides[1].strip())) == 0;
    } catch (ArithmeticException e) {
      return false;
    }
  }

  private static BigDecimal value(String expression) {
    Matcher symbols = SYMBOL.matcher(expression);
    BigDecimal sum = BigDecimal.ZERO;
    BigDecimal term = BigDecimal.ONE;
    String operator = "*";
    while (symbols.find()) {
      String symbol = symbols.group();
      if ("+-*/".contains(symbol)) {
        operator = symbol;
        continue;
      }
      BigDecimal number = new BigDecimal(symbol);
      switch (operator) {
      case "*" -> term = term.multiply(number);
      case "/" -> term = term.divide(number); // throws unless the quotient is finite
      default -> {
        sum = sum.add(term);
        term = operator.equals("+") ? number : number.negate();
      }
      }
    }
    return sum.add(term);
  }
}
