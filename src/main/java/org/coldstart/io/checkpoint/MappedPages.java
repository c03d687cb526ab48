package org.coldstart.io.checkpoint;

import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;

/**
 * Gives the memory of mapped pages back to the system. Pages that were read stay resident until the
 * mapping ends, and Java ends it when the garbage collector likes: without this a checkpoint would
 * stand in memory twice after loading, once as a file and once as tensors.
 */
final class MappedPages {
  private static final int MADV_DONTNEED = 4;
  private static final boolean AVAILABLE = register();

  private MappedPages() {}

  private static boolean register() {
    try {
      Native.register(MappedPages.class, Platform.C_LIBRARY_NAME);
      return Platform.isLinux();
    } catch (LinkageError e) {
      return false;
    }
  }

  private static native int getpagesize();

  private static native int madvise(Pointer address, NativeLong length, int advice);

  /**
   * Lets go of the pages of a read-only file mapping; reading them again brings them back. A hint:
   * where the system cannot, nothing happens.
   */
  static void release(ByteBuffer mapped) {
    if (!AVAILABLE || !mapped.hasRemaining()) {
      return;
    }
    long begin = Pointer.nativeValue(Native.getDirectBufferPointer(mapped));
    // A mapping begins with a page, so this leads out of none; neighbours are read again if need
    // be.
    long first = begin / getpagesize() * getpagesize();
    long length = begin + mapped.remaining() - first;
    madvise(new Pointer(first), new NativeLong(length), MADV_DONTNEED);
  }
}
