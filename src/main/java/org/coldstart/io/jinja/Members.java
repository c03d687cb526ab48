package org.coldstart.io.jinja;

/** A value of ours with attributes of its own, as {@code loop} is. */
interface Members {
  /** The attribute, or {@link Values#MISSING}. */
  Object member(String name);
}
