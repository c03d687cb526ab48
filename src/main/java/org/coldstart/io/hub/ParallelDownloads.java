package org.coldstart.io.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Does the same for several files at a time; the first failure stops the others. */
final class ParallelDownloads {
  /** As many as Python's huggingface_hub. */
  private static final int THREADS = 8;

  private ParallelDownloads() {}

  /**
   * Applies the action to each item and returns the results in the items' order.
   *
   * @throws HubException the first failure, or that the waiting thread was interrupted; no thread
   *     works on when it is thrown
   */
  static <T, R> List<R> map(List<T> items, String what, Function<T, R> action) {
    if (items.size() < 2) {
      return items.stream().map(action).toList();
    }
    ExecutorService threads =
        Executors.newFixedThreadPool(Math.min(THREADS, items.size()), ParallelDownloads::daemon);
    try {
      CompletionService<R> done = new ExecutorCompletionService<>(threads);
      List<Future<R>> results = new ArrayList<>();
      items.forEach(item -> results.add(done.submit(() -> action.apply(item))));
      List<R> values = new ArrayList<>();
      for (int i = 0; i < items.size(); i++) {
        done.take().get(); // in the order of finishing: a failure is seen at once
      }
      for (Future<R> result : results) {
        values.add(result.get());
      }
      return values;
    } catch (InterruptedException e) {
      throw HubException.interrupted(what, e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) e.getCause(); // a function throws no checked ones
    } finally {
      stop(threads);
    }
  }

  private static void stop(ExecutorService threads) {
    threads.shutdownNow();
    boolean interrupted = Thread.interrupted();
    try {
      threads.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "download");
    thread.setDaemon(true);
    return thread;
  }
}
