package org.coldstart.io.checkpoint;

import java.net.URISyntaxException;
import java.nio.FloatBuffer;
import java.nio.file.Path;

/** The files that {@code environment/fixtures/checkpoints.py} makes. */
final class Fixtures {
  private Fixtures() {}

  static Path path(String name) {
    try {
      return Path.of(Fixtures.class.getResource("/checkpoint/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  static float[] all(TensorSource source, String name) {
    FloatBuffer values = FloatBuffer.allocate((int) source.tensor(name).elements());
    source.read(name, 0, values);
    return values.array();
  }
}
