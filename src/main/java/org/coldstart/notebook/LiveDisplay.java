package org.coldstart.notebook;

import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * One place under a cell whose content changes while the cell runs, at most once in a given time.
 *
 * <p>
 * A thread of its own does the sending, and the cell's thread waits for it: on an interrupted thread the kernel's
 * sockets throw, which would cost a stopped training run its result.
 */
final class LiveDisplay {

  private final Optional<Kernel> kernel = Kernel.running();
  private final String id = UUID.randomUUID().toString();
  private final long intervalMillis;
  private boolean shown;
  private long lastNanos;

  LiveDisplay(long intervalMillis) {
    this.intervalMillis = intervalMillis;
  }

  boolean hasKernel() {
    return kernel.isPresent();
  }

  /** Shows the value, unless the last one is too fresh; what is not shown is not computed either. */
  boolean offer(Supplier<?> value) {
    boolean due = !shown || System.nanoTime() - lastNanos >= intervalMillis * 1_000_000;
    if (due) {
      show(value);
    }
    return due;
  }

  /** Shows the value now. */
  void show(Supplier<?> value) {
    kernel.ifPresent(running -> uninterrupted(() -> running.show(id, value.get(), shown)));
    shown = true;
    lastNanos = System.nanoTime();
  }

  /** Runs the work to its end; an interrupt of the calling thread stays pending. */
  private static void uninterrupted(Runnable work) {
    CompletableFuture.runAsync(work, task -> new Thread(task, "live-display").start()).join();
  }
}
