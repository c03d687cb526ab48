package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.coldstart.io.torch.OptimizerOps;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;
import org.coldstart.model.Gradients;

/**
 * AdamW (Loshchilov and Hutter, 2019) with f32 state, eight bytes a parameter. Step t, with gradient g, learning rate η
 * and weight decay λ:
 *
 * <pre>
 * m ← β₁ m + (1 − β₁) g          running mean
 * v ← β₂ v + (1 − β₂) g²         running square
 * m̂ = m / (1 − β₁ᵗ)              both start at 0, which this corrects
 * v̂ = v / (1 − β₂ᵗ)
 * θ ← θ − η (m̂ / (√v̂ + ε) + λ θ)
 * </pre>
 *
 * <p>
 * The decay is decoupled: it goes past the moments. torch's fused kernel does all in one sweep over the weights.
 */
final class AdamW implements Optimizer {

  private final NDManager manager = Torch.newManager();
  private final NDArray steps = manager.zeros(new Shape());
  private final Map<String, NDArray> state = new LinkedHashMap<>();
  private final SftConfig config;
  private final List<Group> groups;

  /** Parameters that share a weight decay, with their m and v. */
  private record Group(List<NDArray> parameters, NDArray[] means, NDArray[] squares, double decay) {}

  /** State for all parameters; vectors (norm weights and biases) are exempt from decay. */
  AdamW(Map<String, NDArray> parameters, SftConfig config) {
    this.config = config;
    try {
      groups = List.of(group(parameters, true), group(parameters, false));
    } catch (RuntimeException | OutOfMemoryError e) {
      manager.close(); // what there was room for
      throw e;
    }
  }

  /** Whether weight decay is meant for a parameter: for matrices, not for norms and biases. */
  static boolean decays(NDArray parameter) {
    return parameter.getShape().dimension() > 1;
  }

  private Group group(Map<String, NDArray> all, boolean decays) {
    Map<String, NDArray> members = new LinkedHashMap<>(all);
    members.values().removeIf(parameter -> decays(parameter) != decays);
    NDArray[] means = zeros(members, "exp_avg.");
    NDArray[] squares = zeros(members, "exp_avg_sq.");
    double decay = decays ? config.weightDecay() : 0;
    return new Group(List.copyOf(members.values()), means, squares, decay);
  }

  /** Named as in torch's own optimizer state. */
  private NDArray[] zeros(Map<String, NDArray> members, String prefix) {
    members.forEach((name, parameter) -> state.put(prefix + name, manager.zeros(parameter.getShape())));
    return members.keySet().stream().map(name -> state.get(prefix + name)).toArray(NDArray[]::new);
  }

  @Override
  public void step(Gradients gradients, double learningRate) {
    steps.addi(1);
    groups.forEach(group -> step(group, gradients, learningRate));
  }

  private void step(Group group, Gradients gradients, double learningRate) {
    if (group.parameters().isEmpty()) {
      return;
    }
    OptimizerOps.adamW(group.parameters().toArray(NDArray[]::new),
        group.parameters().stream().map(gradients::of).toArray(NDArray[]::new), group.means(), group.squares(),
        group.parameters().stream().map(parameter -> steps).toArray(NDArray[]::new), learningRate, config.adamBeta1(),
        config.adamBeta2(), group.decay(), config.adamEpsilon());
  }

  @Override
  public Map<String, NDArray> state() {
    return state;
  }

  @Override
  public void continueAt(int count) {
    TorchOps.fill(steps, new float[] {count});
  }

  @Override
  public void close() {
    manager.close();
  }
}
