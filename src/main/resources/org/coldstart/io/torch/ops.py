# What DJL's NDArray lacks, and how the next token is drawn. The numbers of types are PyTorch's own:
# 0 uint8, 3 int32, 6 float32, 7 float64, 15 bfloat16.
class Ops(Module):

  # Slices

  def read_slice(self, x: Tensor, dim: int, start: int, length: int) -> Tensor:
    return x.narrow(dim, start, length)

  def split(self, x: Tensor, sizes: List[int], dim: int) -> List[Tensor]:
    return torch.split(x, sizes, dim)

  def index_select(self, x: Tensor, dim: int, index: Tensor) -> Tensor:
    return x.index_select(dim, index)

  def write_slice(self, target: Tensor, source: Tensor, dim: int, start: int) -> int:
    target.narrow(dim, start, source.size(dim)).copy_(source)
    return 0

  def write_rows(self, target: Tensor, index: Tensor, rows: Tensor) -> int:
    target.index_copy_(0, index, rows)
    return 0

  # Number formats

  def empty(self, like: Tensor, shape: List[int], dtype: int) -> Tensor:
    return torch.empty(shape, dtype=dtype, device=like.device)

  def read_bytes(self, source: Tensor, dtype: int, start: int, length: int) -> Tensor:
    return source.view(-1)[start:start + length].to(dtype).contiguous().view_copy(dtype=0)

  # The elements themselves where they are of this type and at hand, else room for as many.
  def staging(self, target: Tensor, dtype: int, start: int, length: int) -> Tensor:
    if target.dtype == dtype and not target.is_cuda:
      return target.view(-1)[start:start + length]
    return torch.empty([length], dtype=dtype)

  # Returns the sum of what was written, which is not finite if a value is not. Over themselves values are not copied.
  def write_values(self, target: Tensor, values: Tensor, start: int) -> Tensor:
    target.view(-1)[start:start + values.size(0)].copy_(values)
    return values.sum(dtype=6)

  def to_f32(self, x: Tensor) -> Tensor:
    return x.float()

  def to_bf16(self, x: Tensor) -> Tensor:
    return x.to(15)

  # Sums and roots

  def add_in_place(self, total: Tensor, x: Tensor) -> int:
    total.add_(x)
    return 0

  def sum_rows(self, x: Tensor) -> Tensor:
    return x.sum([0], True, dtype=6)

  # Sampling: logits (batch, vocabulary)

  def softmax(self, logits: Tensor) -> Tensor:
    return logits.float().softmax(-1)

  # Repetition penalty (Keskar et al., 2019)
  def penalise(self, logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    old = logits.gather(1, seen)
    return logits.scatter(1, seen, torch.where(old < 0, old * penalty, old / penalty))

  def keep_top_k(self, logits: Tensor, k: int) -> Tensor:
    values, places = torch.topk(logits, k, -1)
    return logits.masked_fill(logits < values[:, -1:], float("-inf"))

  # The nucleus (Holtzman et al., 2019): from the least likely token on, what sums to at most 1 − p goes.
  def keep_top_p(self, logits: Tensor, p: float) -> Tensor:
    ordered, order = torch.sort(logits, -1, False)
    outside = ordered.softmax(-1).cumsum(-1) <= 1.0 - p
    outside[:, -1:].zero_()
    return logits.masked_fill(outside.scatter(1, order, outside), float("-inf"))

  # Inverts the cumulative distribution at a number uniform in [0, 1).
  def draw(self, probabilities: Tensor, uniform: Tensor) -> Tensor:
    below = probabilities.double().cumsum(-1)
    return (below <= below[:, -1:] * uniform).sum([-1])
