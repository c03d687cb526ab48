package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import java.nio.file.Path;
import java.util.Map;
import org.coldstart.model.CausalLm;

/** What a run trains, and how a checkpoint holds it. */
interface Trainable {

  /** The tensors that learn, by name. */
  Map<String, NDArray> parameters();

  /** Writes them into a checkpoint's folder. */
  void save(Path folder);

  /** Puts what {@link #save} wrote back into the same tensors. */
  void load(Path folder);

  /** All parameters of a model. */
  static Trainable all(CausalLm model) {
    return new Trainable() {
      @Override
      public Map<String, NDArray> parameters() {
        return model.parameters();
      }

      @Override
      public void save(Path folder) {
        model.savePretrained(folder);
      }

      @Override
      public void load(Path folder) {
        model.loadWeights(folder);
      }
    };
  }
}
