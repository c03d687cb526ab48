package org.coldstart.notebook;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ProgressTest {

  @Test
  void theLastLineTellsWhatWasReached() {
    Progress progress = new Progress("step", 48);
    progress.update(12, "loss 1.234");
    assertTrue(progress.text().matches("step 12/48 · loss 1\\.234 · .* left"), progress.text());
    progress.close();
    assertTrue(progress.text().matches("step 12/48 · loss 1\\.234 · stopped after .*"), progress.text());
  }

  @Test
  void whatWasDoneBeforeDoesNotCountAsQuick() throws InterruptedException {
    Progress resumed = new Progress("step", 1000);
    resumed.beginAt(990);
    Thread.sleep(30);
    resumed.update(991);
    double left = Double.parseDouble(resumed.text().replaceAll(".* · ([\\d.]+) s left", "$1"));
    assertTrue(left >= 0.2, "nine steps at the pace of one: " + resumed.text());
  }

  @Test
  void theWholeWayIsNotCalledStopped() {
    Progress progress = new Progress("step", 48);
    progress.update(48);
    progress.close();
    assertTrue(progress.text().startsWith("step 48/48 · took "), progress.text());
  }
}
