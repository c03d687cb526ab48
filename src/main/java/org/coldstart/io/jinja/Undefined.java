package org.coldstart.io.jinja;


/**
 * A name, attribute or item that is not there: prints as nothing, is false and empty, and anything
 * else done with it is an error with this message.
 */
record Undefined(String message) {
  static Undefined variable(String name) {
    return new Undefined("'" + name + "' is undefined");
  }

  static Undefined of(Object object, Object key) {
    String owner = PyText.objectName(object);
    return new Undefined(
        key instanceof String name
            ? "'" + owner + "' has no attribute " + PyText.quote(name)
            : owner + " has no element " + PyText.shortRepr(key));
  }

  TemplateException error() {
    return new TemplateException(message);
  }

  /** All undefined values are equal in Jinja. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Undefined;
  }

  @Override
  public int hashCode() {
    return 1;
  }
}
