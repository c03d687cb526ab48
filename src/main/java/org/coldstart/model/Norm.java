package org.coldstart.model;

import ai.djl.ndarray.NDArray;

/** What brings vectors to a common length. */
interface Norm {

  /** Where an architecture has no norm. */
  Norm NONE =
      new Norm() {
        @Override
        public NDArray forward(NDArray x, ForwardContext pass) {
          return x;
        }

        @Override
        public NDArray backward(NDArray dy, ForwardContext pass) {
          return dy;
        }
      };

  /** (…, size) → (…, size). */
  NDArray forward(NDArray x, ForwardContext pass);

  /** From the gradient of what {@link #forward} gave to that of what it took. */
  NDArray backward(NDArray dy, ForwardContext pass);
}
