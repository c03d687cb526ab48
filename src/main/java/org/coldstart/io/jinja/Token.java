package org.coldstart.io.jinja;

/**
 * One token of a template.
 *
 * @param type its kind
 * @param text the text outside tags, a name, an operator, or a string with its escapes resolved
 * @param value the number, for {@link Type#INTEGER} and {@link Type#FLOAT}
 * @param line the line it starts on, from 1
 */
record Token(Type type, String text, Object value, int line) {
  enum Type {
    DATA("template data / text"),
    VARIABLE_BEGIN("begin of print statement"),
    VARIABLE_END("end of print statement"),
    BLOCK_BEGIN("begin of statement block"),
    BLOCK_END("end of statement block"),
    NAME("name"),
    STRING("string"),
    INTEGER("integer"),
    FLOAT("float"),
    OPERATOR("operator"),
    EOF("end of template");

    final String description;

    Type(String description) {
      this.description = description;
    }
  }

  Token(Type type, String text, int line) {
    this(type, text, null, line);
  }

  boolean is(Type type) {
    return this.type == type;
  }

  boolean isOperator(String operator) {
    return type == Type.OPERATOR && text.equals(operator);
  }

  boolean isName(String name) {
    return type == Type.NAME && text.equals(name);
  }

  /** How Jinja's messages call this token. */
  String describe() {
    return type == Type.NAME || type == Type.OPERATOR ? text : type.description;
  }
}
