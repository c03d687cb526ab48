package org.coldstart.model;

import ai.djl.ndarray.NDArray;

/** What brings vectors to a common length. */
interface Norm {

  /** Where an architecture has no norm. */
  Norm NONE = x -> x;

  /** (…, size) → (…, size). */
  NDArray forward(NDArray x);
}
