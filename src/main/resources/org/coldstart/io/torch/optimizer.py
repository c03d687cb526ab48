# Steps of the optimizers, in place. Of lists of tensors, equal indices belong together.
class Optimizer(Module):

  # The Euclidean norm of all tensors taken as one vector
  def global_norm(self, tensors: List[Tensor]) -> Tensor:
    return torch.norm(torch.stack(torch._foreach_norm(tensors, 2)))

  def scale_all(self, tensors: List[Tensor], factor: float) -> int:
    torch._foreach_mul_(tensors, factor)
    return 0

  def zero_all(self, tensors: List[Tensor]) -> int:
    torch._foreach_zero_(tensors)
    return 0

  def copy_all(self, targets: List[Tensor], sources: List[Tensor]) -> int:
    torch._foreach_copy_(targets, sources)
    return 0

  # AdamW (Loshchilov & Hutter, 2019), by PyTorch's fused kernel
  def adamw(self, parameters: List[Tensor], gradients: List[Tensor], means: List[Tensor], squares: List[Tensor],
            steps: List[Tensor], lr: float, beta1: float, beta2: float, decay: float, eps: float) -> int:
    no_amsgrad = annotate(List[Tensor], [])
    torch._fused_adamw_(parameters, gradients, means, squares, no_amsgrad, steps, lr=lr, beta1=beta1, beta2=beta2,
                        weight_decay=decay, eps=eps, amsgrad=False, maximize=False)
    return 0

  # AdamW whose moments m and v are held in 8 bits (Dettmers et al., 2022): for each block of values a scale s, its
  # largest magnitude, and for each value the code of m / s or v / s in a table.
  #   m ← β1·m + (1 − β1)·g     v ← β2·v + (1 − β2)·g²     p ← p·(1 − decay) + rate·m / (√v + eps)
  def adamw8(self, tensors: List[Tensor], means: List[Tensor], squares: List[Tensor], start: int, blocks: int,
             width: int, rate: float, beta1: float, beta2: float, decay: float, eps: float) -> int:
    parameter, gradient, codes1, codes2, scales1, scales2 = tensors
    book1, borders1, floors1 = means
    book2, borders2, floors2 = squares
    end = start + blocks * width
    shape = [blocks, width]
    p = parameter.view(-1)[start:end].view(shape)
    g = gradient.view(-1)[start:end].view(shape)
    c1 = codes1[start:end]
    c2 = codes2[start:end]
    first = start // 256
    s1 = scales1[first:first + blocks].unsqueeze(1)
    s2 = scales2[first:first + blocks].unsqueeze(1)

    m = book1.index_select(0, c1.int()).view(shape)
    v = book2.index_select(0, c2.int()).view(shape)
    m.mul_(s1 * beta1).add_(g, alpha=1.0 - beta1)
    v.mul_(s2 * beta2).addcmul_(g, g, value=1.0 - beta2)
    s1.copy_(m.abs().amax([1], True).clamp_min(1e-38))
    s2.copy_(v.amax([1], True).clamp_min(1e-38))
    if decay != 0.0:
      p.mul_(1.0 - decay)
    p.addcdiv_(m, v.sqrt().add_(eps), value=rate)

    # A float's upper 16 bits name the code below it and the border to the next.
    y1 = m.div_(s1).view(-1)
    y2 = v.div_(s2).view(-1)
    upper1 = y1.view_copy(dtype=3).bitwise_right_shift_(16).bitwise_and_(65535)
    upper2 = y2.view_copy(dtype=3).bitwise_right_shift_(16)
    c1.copy_(y1.gt_(borders1.index_select(0, upper1)).add_(floors1.index_select(0, upper1)))
    c2.copy_(y2.gt_(borders2.index_select(0, upper2)).add_(floors2.index_select(0, upper2)))
    return 0
