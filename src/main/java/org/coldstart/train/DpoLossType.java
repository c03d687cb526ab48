package org.coldstart.train;

/**
 * The loss of a pair, by its margin m: how much more likely than under the reference the chosen reply has become, less
 * the same of the rejected one, in nats.
 */
public enum DpoLossType {

  /** −log σ(β m), Rafailov et al., 2023. */
  SIGMOID {
    @Override
    double loss(double beta, double margin) {
      return Math.log1p(Math.exp(-Math.abs(beta * margin))) + Math.max(0, -beta * margin);
    }

    @Override
    double pull(double beta, double margin) {
      return beta / (1 + Math.exp(beta * margin)); // β σ(−β m)
    }
  },

  /** (m − 1/(2β))² with m of the means over the replies' tokens, Azar et al., 2023: the margin is to stop at 1/(2β). */
  IPO {
    @Override
    double loss(double beta, double margin) {
      return Math.pow(margin - 1 / (2 * beta), 2);
    }

    @Override
    double pull(double beta, double margin) {
      return 2 * (1 / (2 * beta) - margin);
    }
  };

  abstract double loss(double beta, double margin);

  /** How strongly the loss asks for a greater margin: −dloss/dm. */
  abstract double pull(double beta, double margin);
}
