# Rows of an embedding or head matrix that have other values than the matrix holds.
class TokenRows(Module):

  def move_looked_up(self, x: Tensor, ids: Tensor, slots: Tensor, rows: Tensor, matrix: Tensor, of: Tensor) -> Tensor:
    slot = slots.index_select(0, ids)
    at = torch.nonzero(slot >= 0).squeeze(1)
    moved = rows - matrix.index_select(0, of)
    return x.index_add_(0, at, moved.index_select(0, slot.index_select(0, at)))

  def move_scores(self, scores: Tensor, x: Tensor, rows: Tensor, matrix: Tensor, of: Tensor) -> Tensor:
    moved = rows - matrix.index_select(0, of)
    return scores.index_add_(-1, of, torch.linear(x.to(scores.dtype), moved.to(scores.dtype)))

  def scored_rows(self, total: Tensor, dscores: Tensor, x: Tensor, dx: Tensor, rows: Tensor, matrix: Tensor,
                  of: Tensor) -> int:
    d = dscores.index_select(1, of)
    moved = (rows - matrix.index_select(0, of)).to(dx.dtype)
    total.add_(torch.mm(d.t(), x.to(d.dtype)).float())
    dx.addmm_(d, moved)
    return 0
