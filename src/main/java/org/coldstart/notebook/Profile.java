package org.coldstart.notebook;

import java.util.Locale;

/** How large a notebook runs. */
public enum Profile {
  /** Minutes on a laptop's CPU; the default. */
  QUICK,
  /** The article's model, data and every hyper-parameter; hours on a CPU, made for a GPU. */
  ARTICLE;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
