package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.coldstart.model.Gradients;
import org.coldstart.io.torch.Autograd;
import org.coldstart.io.torch.OptimizerOps;
import org.coldstart.io.torch.Torch;
import org.coldstart.io.torch.TorchOps;

/**
 * AdamW with f32 state, torch's fused kernel: moments, bias correction and decoupled decay in one
 * sweep over the weights (Loshchilov and Hutter, 2019). Eight bytes of state a parameter.
 */
final class AdamW implements Optimizer {

  private final NDManager manager = Torch.newManager();
  private final NDArray steps = manager.zeros(new Shape());
  private final Map<String, NDArray> state = new LinkedHashMap<>();
  private final SftConfig config;
  private final List<Group> groups;

  /** Parameters that share a weight decay, with their state. */
  private record Group(
      List<NDArray> parameters, NDArray[] means, NDArray[] squares, double decay) {}

  /** State for all parameters; vectors (norm weights and biases) are exempt from decay. */
  AdamW(Map<String, NDArray> parameters, SftConfig config) {
    this.config = config;
    try {
      groups =
          List.of(
              group(parameters, AdamW::decays, config.weightDecay()),
              group(parameters, p -> !decays(p), 0));
    } catch (RuntimeException | OutOfMemoryError e) {
      manager.close(); // what there was room for
      throw e;
    }
  }

  /** Whether weight decay is meant for a parameter: for matrices, not for norms and biases. */
  static boolean decays(NDArray parameter) {
    return parameter.getShape().dimension() > 1;
  }

  private Group group(Map<String, NDArray> all, Predicate<NDArray> belongs, double decay) {
    Map<String, NDArray> members = new LinkedHashMap<>(all);
    members.values().removeIf(belongs.negate());
    return new Group(
        List.copyOf(members.values()),
        moments(members, "exp_avg."),
        moments(members, "exp_avg_sq."),
        decay);
  }

  /** Named as in torch's own optimizer state. */
  private NDArray[] moments(Map<String, NDArray> members, String prefix) {
    return members.entrySet().stream()
        .map(
            member -> {
              NDArray moment = manager.zeros(member.getValue().getShape());
              state.put(prefix + member.getKey(), moment);
              return moment;
            })
        .toArray(NDArray[]::new);
  }

  @Override
  public void step(Gradients gradients, double learningRate) {
    Autograd.withoutGradient(
        () -> {
          steps.addi(1);
          groups.forEach(group -> step(group, gradients, learningRate));
          return null;
        });
  }

  private void step(Group group, Gradients gradients, double learningRate) {
    if (group.parameters().isEmpty()) {
      return;
    }
    NDArray[] sameStep = group.parameters().stream().map(p -> steps).toArray(NDArray[]::new);
    OptimizerOps.adamW(
        group.parameters().toArray(NDArray[]::new),
        group.parameters().stream().map(gradients::of).toArray(NDArray[]::new),
        group.means(),
        group.squares(),
        sameStep,
        learningRate,
        config.adamBeta1(),
        config.adamBeta2(),
        group.decay(),
        config.adamEpsilon());
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
