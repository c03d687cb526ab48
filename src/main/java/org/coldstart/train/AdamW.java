package org.coldstart.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.coldstart.model.Gradients;
import org.coldstart.torch.Autograd;
import org.coldstart.torch.Torch;
import org.coldstart.torch.TorchOps;

/**
 * AdamW with f32 state, torch's fused kernel: moments, bias correction and decoupled decay in one
 * sweep over the weights (Loshchilov and Hutter, 2019).
 */
final class AdamW implements AutoCloseable {

  private final NDManager manager = Torch.newManager();
  private final SftConfig config;
  private final Gradients sums;
  private final List<Group> groups;

  /** Parameters that share a weight decay, with their state. */
  private record Group(
      NDArray[] parameters, NDArray[] means, NDArray[] squares, NDArray[] steps, double decay) {}

  /** State for all parameters; vectors (norm weights and biases) are exempt from decay. */
  AdamW(Map<String, NDArray> parameters, Gradients sums, SftConfig config) {
    this.config = config;
    this.sums = sums;
    List<NDArray> matrices = new ArrayList<>();
    List<NDArray> vectors = new ArrayList<>();
    parameters.values().forEach(p -> (p.getShape().dimension() > 1 ? matrices : vectors).add(p));
    groups =
        Stream.of(group(matrices, config.weightDecay()), group(vectors, 0))
            .filter(group -> group.parameters().length > 0)
            .toList();
  }

  private Group group(List<NDArray> members, double decay) {
    NDArray[] parameters = members.toArray(NDArray[]::new);
    return new Group(
        parameters,
        members.stream().map(p -> manager.zeros(p.getShape())).toArray(NDArray[]::new),
        members.stream().map(p -> manager.zeros(p.getShape())).toArray(NDArray[]::new),
        members.stream().map(p -> manager.zeros(new Shape())).toArray(NDArray[]::new),
        decay);
  }

  /**
   * Clips the gathered gradients, moves the weights and clears the gradients.
   *
   * @return the gradient's norm before clipping
   */
  double step(double learningRate) {
    return Autograd.withoutGradient(
        () -> {
          double norm = clip();
          for (Group group : groups) {
            step(group, learningRate);
          }
          return norm;
        });
  }

  private double clip() {
    NDArray[] gradients =
        groups.stream()
            .flatMap(group -> Arrays.stream(group.parameters()))
            .map(sums::of)
            .toArray(NDArray[]::new);
    try (NDArray total = TorchOps.globalNorm(gradients)) {
      double norm = total.getFloat();
      if (config.maxGradNorm() > 0 && norm > config.maxGradNorm()) {
        // torch.nn.utils.clip_grad_norm_ guards its division in the same way.
        TorchOps.scaleInPlace(gradients, config.maxGradNorm() / (norm + 1e-6));
      }
      return norm;
    }
  }

  private void step(Group group, double learningRate) {
    NDArray[] gradients = Arrays.stream(group.parameters()).map(sums::of).toArray(NDArray[]::new);
    for (NDArray step : group.steps()) {
      step.addi(1);
    }
    TorchOps.adamW(
        group.parameters(),
        gradients,
        group.means(),
        group.squares(),
        group.steps(),
        learningRate,
        config.adamBeta1(),
        config.adamBeta2(),
        group.decay(),
        config.adamEpsilon());
    TorchOps.zero(gradients);
  }

  @Override
  public void close() {
    manager.close();
  }
}
