package org.coldstart.io.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Function;
import com.sun.jna.Platform;
import org.junit.jupiter.api.Test;

/** How long libgomp's threads wait for each other before they sleep is set before libtorch is loaded. */
class WaitingTest {

  @Test
  void isBriefUnlessTheUserSaysOtherwise() {
    assumeTrue(Platform.isLinux(), "libgomp is Linux's");
    assumeTrue(System.getenv("OMP_WAIT_POLICY") == null && System.getenv("GOMP_SPINCOUNT") == null,
        "the environment says how to wait");
    assertTrue(Torch.threads() > 0);
    assertEquals("1000", Function.getFunction("c", "getenv").invokeString(new Object[] {"GOMP_SPINCOUNT"}, false));
  }
}
