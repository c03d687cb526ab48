package org.coldstart.model;

import ai.djl.ndarray.NDArray;

/** Normalisation of each vector; {@link RmsNorm} in all architectures here, or none. */
interface Norm {

  /** y = x, where an architecture has no norm. */
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

  /** From y's gradient to x's; adds to the weight's. */
  NDArray backward(NDArray dy, ForwardContext pass);
}
