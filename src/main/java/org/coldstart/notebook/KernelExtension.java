package org.coldstart.notebook;

import org.dflib.jjava.jupyter.Extension;
import org.dflib.jjava.jupyter.kernel.BaseKernel;

/**
 * Prepares every JJava kernel that has this library on its class path; JJava finds it as a service.
 *
 * <p>
 * JJava loads its extensions with a class loader of their own, so a {@code Table} known here is not the {@code Table}
 * of the cells. The work is therefore handed to {@link Notebook#init()} inside the cells' own class loader.
 */
public final class KernelExtension implements Extension {

  @Override
  public void install(BaseKernel kernel) {
    try {
      Kernel.of(kernel).evaluate("org.coldstart.notebook.Notebook.init()");
    } catch (RuntimeException e) {
      System.err.println("Coldstart's notebook extension could not start: " + e);
    }
  }
}
