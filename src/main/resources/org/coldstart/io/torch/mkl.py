# Matrix products as libtorch takes them: in f32 by MKL.
class Mkl(Module):

  # a·bᵀ
  def product(self, a: Tensor, b: Tensor) -> Tensor:
    return torch.linear(a, b)

  # total + a·bᵀ
  def accumulate(self, total: Tensor, a: Tensor, b: Tensor) -> int:
    if a.dtype == total.dtype:
      total.addmm_(a, b.t())
    else:
      total.add_(torch.linear(a, b))
    return 0
