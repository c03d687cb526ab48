package org.coldstart.io.torch;

import static org.coldstart.fixture.Arrays32.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Attention and its gradients are those of the formula, written here in f64 with one loop for each index: over several
 * sequences, one longer than the queries that are taken at a time.
 */
class PackedAttentionTest {

  private static final int KEY_VALUE_HEADS = 2;
  private static final int GROUPS = 3;
  private static final int HEADS = KEY_VALUE_HEADS * GROUPS;
  private static final int SIZE = 8;
  private static final long[] SEQ_LENS = {5, 1, 211};
  private static final int TOKENS = 217;
  private static final double SCALE = 0.3;

  /** Sums over 211 positions in f32. */
  private static final double TOLERANCE = 1e-5;

  @ParameterizedTest
  @CsvSource({"0, 1000000", "2, 1000000", "0, 120", "2, 120", "0, 30", "2, 1"})
  void isTheFormula(double cap, int window) {
    try (NDManager manager = Torch.newManager()) {
      Inputs in = new Inputs(0);
      NDArray found = in.attend(manager, cap, window);
      assertClose(floats(in.formula(cap, window)), found.toFloatArray(), TOLERANCE, "output");
    }
  }

  /** ⟨gradients, direction⟩ is the derivative of Σ dy · output in that direction, taken as a difference in f64. */
  @ParameterizedTest
  @CsvSource({"0, 1000000", "2, 1000000", "0, 120", "2, 120", "0, 30", "2, 1"})
  void theGradientsAreItsDerivatives(double cap, int window) {
    try (NDManager manager = Torch.newManager()) {
      Inputs in = new Inputs(0);
      double[] dy = numbers(7, TOKENS * HEADS * SIZE);
      NDArray[] d = TrainingOps.packedAttention(tensor(manager, dy), tensor(manager, in.q), tensor(manager, in.k),
          tensor(manager, in.v), packed(cap, window));
      for (int which = 0; which < 3; which++) {
        double[] direction = numbers(11 + which, in.of(which).length);
        double step = 1e-5;
        double expected = (dot(dy, in.moved(which, direction, step).formula(cap, window))
            - dot(dy, in.moved(which, direction, -step).formula(cap, window))) / (2 * step);
        double found = dot(direction, doubles(d[which]));
        // A sum of some thousand products, each off by 1e-6.
        assertEquals(expected, found, 2e-3, "qkv".charAt(which) + "");
      }
    }
  }

  /** A sequence cut in two gives the same output behind its first part, and both parts' gradients add up. */
  @Test
  void behindAPrefixItIsTheSameSequence() {
    int prefix = 100;
    long[] whole = {TOKENS};
    long[] rest = {TOKENS - prefix};
    try (NDManager manager = Torch.newManager()) {
      Inputs in = new Inputs(0);
      NDArray q = tensor(manager, in.q);
      NDArray k = tensor(manager, in.k);
      NDArray v = tensor(manager, in.v);
      NDArray dy = tensor(manager, numbers(7, TOKENS * HEADS * SIZE));
      PackedAttention all = new PackedAttention(whole, KEY_VALUE_HEADS, SCALE, 2, 150);
      NDArray keys = k.get("0:" + prefix);
      NDArray[] shared = {keys, v.get("0:" + prefix), keys.zerosLike(), keys.zerosLike()};
      PackedAttention behind = new PackedAttention(rest, KEY_VALUE_HEADS, SCALE, 2, 150, shared);
      String from = prefix + ":";
      assertClose(DecoderOps.packedAttention(q, k, v, all).get(from).toFloatArray(),
          DecoderOps.packedAttention(q.get(from), k.get(from), v.get(from), behind).toFloatArray(), TOLERANCE,
          "output");

      NDArray[] expected = TrainingOps.packedAttention(onlyFrom(dy, prefix), q, k, v, all);
      NDArray[] found = TrainingOps.packedAttention(dy.get(from), q.get(from), k.get(from), v.get(from), behind);
      for (int i = 0; i < 3; i++) {
        assertClose(expected[i].get(from).toFloatArray(), found[i].toFloatArray(), 1e-4, "gradient " + i);
      }
      assertClose(expected[1].get("0:" + prefix).toFloatArray(), shared[2].toFloatArray(), 1e-4, "prefix keys");
      assertClose(expected[2].get("0:" + prefix).toFloatArray(), shared[3].toFloatArray(), 1e-4, "prefix values");
    }
  }

  private static NDArray onlyFrom(NDArray dy, int start) {
    NDArray some = dy.duplicate();
    some.set(new ai.djl.ndarray.index.NDIndex("0:" + start), 0);
    return some;
  }

  private static PackedAttention packed(double cap, int window) {
    return new PackedAttention(SEQ_LENS, KEY_VALUE_HEADS, SCALE, cap, window);
  }

  /** Queries, keys and values, (token, head, size). */
  private record Inputs(double[] q, double[] k, double[] v) {

    Inputs(int seed) {
      this(numbers(seed, TOKENS * HEADS * SIZE), numbers(seed + 1, TOKENS * KEY_VALUE_HEADS * SIZE),
          numbers(seed + 2, TOKENS * KEY_VALUE_HEADS * SIZE));
    }

    double[] of(int which) {
      return which == 0 ? q : which == 1 ? k : v;
    }

    Inputs moved(int which, double[] direction, double step) {
      double[] moved = of(which).clone();
      for (int i = 0; i < moved.length; i++) {
        moved[i] += step * direction[i];
      }
      return new Inputs(which == 0 ? moved : q, which == 1 ? moved : k, which == 2 ? moved : v);
    }

    NDArray attend(NDManager manager, double cap, int window) {
      return DecoderOps.packedAttention(tensor(manager, q), tensor(manager, k), tensor(manager, v),
          packed(cap, window));
    }

    double[] formula(double cap, int window) {
      double[] out = new double[q.length];
      int start = 0;
      for (long length : SEQ_LENS) {
        for (int i = start; i < start + length; i++) {
          for (int head = 0; head < HEADS; head++) {
            attend(out, i, head, Math.max(start, i - window + 1), cap);
          }
        }
        start += (int) length;
      }
      return out;
    }

    private void attend(double[] out, int i, int head, int first, double cap) {
      int shared = head / GROUPS;
      double[] p = new double[i + 1 - first];
      double sum = 0;
      for (int j = first; j <= i; j++) {
        double score = 0;
        for (int c = 0; c < SIZE; c++) {
          score += q[(i * HEADS + head) * SIZE + c] * k[(j * KEY_VALUE_HEADS + shared) * SIZE + c];
        }
        score *= SCALE;
        p[j - first] = Math.exp(cap == 0 ? score : cap * Math.tanh(score / cap));
        sum += p[j - first];
      }
      for (int j = first; j <= i; j++) {
        for (int c = 0; c < SIZE; c++) {
          out[(i * HEADS + head) * SIZE + c] += p[j - first] / sum * v[(j * KEY_VALUE_HEADS + shared) * SIZE + c];
        }
      }
    }
  }

  private static double[] numbers(int seed, int count) {
    return new Random(seed).doubles(count, -2, 2).toArray();
  }

  private static NDArray tensor(NDManager manager, double[] values) {
    return manager.create(floats(values), new Shape(TOKENS, values.length / TOKENS));
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  private static double[] doubles(NDArray x) {
    float[] floats = x.toFloatArray();
    double[] values = new double[floats.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = floats[i];
    }
    return values;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
