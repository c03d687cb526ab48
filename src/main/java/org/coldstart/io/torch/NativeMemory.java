package org.coldstart.io.torch;

import java.lang.ref.Cleaner;
import java.lang.ref.WeakReference;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Frees native memory whose owner was closed or cannot be reached any more, as when a notebook's cell is run again and
 * its variable holds another model.
 */
public final class NativeMemory {

  private static final Cleaner CLEANER = Cleaner.create();
  private static final Set<Holding> HOLDINGS = ConcurrentHashMap.newKeySet();

  private final Holding holding;

  private NativeMemory(Holding holding) {
    this.holding = holding;
  }

  private static final class Holding implements Runnable {
    private final Class<?> kind;
    private final WeakReference<Object> owner;
    private final Runnable release;
    private Cleaner.Cleanable cleanable;

    Holding(Object owner, Runnable release) {
      this.kind = owner.getClass();
      this.owner = new WeakReference<>(owner);
      this.release = release;
    }

    @Override
    public void run() {
      HOLDINGS.remove(this);
      release.run();
    }
  }

  /**
   * Ties memory to an object.
   *
   * @param release frees the memory, once; must not lead to the owner, which would then always be reachable
   */
  public static NativeMemory of(Object owner, Runnable release) {
    Holding holding = new Holding(owner, release);
    HOLDINGS.add(holding);
    holding.cleanable = CLEANER.register(owner, holding);
    return new NativeMemory(holding);
  }

  /** Frees the memory now; a second call does nothing. */
  public void free() {
    holding.cleanable.clean();
  }

  /**
   * Frees at once what nobody can reach, where there may be some: to be called before much more is allocated, for the
   * collector sees small objects only and is in no hurry.
   *
   * @param kind class of the owners that may have been left behind; if there is none of it, nothing is done
   */
  public static void freeUnreachable(Class<?> kind) {
    if (HOLDINGS.stream().anyMatch(holding -> holding.kind == kind)) {
      System.gc();
      HOLDINGS.stream().filter(holding -> holding.owner.refersTo(null)).forEach(holding -> holding.cleanable.clean());
    }
  }
}
