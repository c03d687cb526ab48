# The same products in f32 by oneDNN, which uses AVX-512 on all processors that have it; MKL does so on Intel's alone.
class OneDnn(Module):

  def product(self, a: Tensor, b: Tensor) -> Tensor:
    if a.dtype == 6 and a.numel() > 0:
      return ops.mkldnn._linear_pointwise(a, b, None, "none", annotate(List[Optional[number]], []), "")
    return torch.linear(a, b)

  def accumulate(self, total: Tensor, a: Tensor, b: Tensor) -> int:
    total.add_(self.product(a, b))
    return 0
