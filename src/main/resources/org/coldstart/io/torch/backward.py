# Gradients of the operations in decoder.py, written by hand: dy is the gradient of a result y, dx that of an input x.
# Unlike autograd, this keeps only what it needs and adds a weight's gradient to its sum (`total`, f32) while it is
# multiplied out.
class Backward(Module):

  # y = x·Wᵀ + b:  dW = dyᵀ·x,  db = Σ dy,  dx = dy·W

  def add_outer(self, total: Tensor, dy: Tensor, x: Tensor) -> int:
    if dy.dtype == total.dtype:
      total.addmm_(dy.t(), x)
    else:
      total.add_(torch.mm(dy.t(), x).to(total.dtype))
    return 0

  def add_rows(self, total: Tensor, dy: Tensor) -> int:
    total.add_(dy.float().sum([0]))
    return 0

  def times(self, dy: Tensor, weight: Tensor) -> Tensor:
    return torch.mm(dy, weight)

  def add_times(self, total: Tensor, dy: Tensor, weight: Tensor) -> int:
    total.addmm_(dy, weight)
    return 0

  # LoRA, y = scale · x·Aᵀ·Bᵀ:  dB = scale · dyᵀ·(x·Aᵀ),  dA = (scale · dy·B)ᵀ·x,  dx = scale · dy·B·A
  def add_low_rank_backward(self, dy: Tensor, x: Tensor, a: Tensor, b: Tensor, scale: float, da: List[Tensor],
                            db: List[Tensor]) -> Tensor:
    rows = x.to(dy.dtype)
    down = a.to(dy.dtype)
    scaled = dy * scale
    inner = torch.mm(scaled, b.to(dy.dtype))
    if len(db) > 0:
      db[0].add_(torch.mm(scaled.t(), torch.linear(rows, down)).float())
    if len(da) > 0:
      da[0].add_(torch.mm(inner.t(), rows).float())
    return torch.mm(inner, down)

  # The rows of an embedding's gradient; an index may repeat.
  def scatter_rows(self, total: Tensor, index: Tensor, dx: Tensor) -> int:
    total.index_add_(0, index, dx)
    return 0

  # The same for some rows of the matrix only: `slots` has each row's place among them, or −1.
  def looked_up_rows(self, total: Tensor, dx: Tensor, ids: Tensor, slots: Tensor) -> int:
    slot = slots.index_select(0, ids)
    at = torch.nonzero(slot >= 0).squeeze(1)
    total.index_add_(0, slot.index_select(0, at), dx.index_select(0, at))
    return 0

  # RMS normalisation, y = u·w with u = x·r and r = 1 / √(mean(x²) + eps):
  #   dw = Σ dy·u     dx = r · (dy·w − u · mean(dy·w·u))
  def rms_norm_backward(self, dy: Tensor, x: Tensor, weight: Tensor, eps: float, one_plus: bool,
                        total: List[Tensor]) -> Tensor:
    g = dy.float().flatten(0, -2)
    v = x.float().flatten(0, -2)
    w = weight + 1 if one_plus else weight
    r = self.inverse_rms(v, eps)
    u = v * r
    gu = g * u
    if len(total) > 0:
      total[0].add_(gu.sum([0]))
    mean = torch.mv(gu, w).unsqueeze(1) / v.size(1)
    return (g * w).addcmul_(u, mean, value=-1).mul_(r).view_as(x)

  # The gated unit, y = act(gate) · up; y itself is given, too, which need not be kept then.
  def glu_backward(self, dy: Tensor, gate: Tensor, up: Tensor, silu: bool) -> List[Tensor]:
    active = self.act(gate, silu)
    du = dy * active
    if silu:
      dg = torch.silu_backward(dy * up, gate)
    else:
      dg = torch.gelu_backward(dy * up, gate, approximate="tanh")
    return [dg, du, active.mul_(up)]

  # A rotation's gradient is rotated by the opposite angle.
  def rotate_backward(self, dy: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    return self.rotate(dy, cos, -sin)

  # Attention

  # The keys of a group's heads are the same, so their gradients add up: (groups, kv, length, size) → (length, kv · size)
  def flat_sum(self, x: Tensor) -> Tensor:
    return x.sum([0]).transpose(0, 1).flatten(1)

  # s = q·kᵀ · scale, p = softmax(s), y = p·v:
  #   dv = pᵀ·dy     ds = p · (dy·vᵀ − Σ p·dy·vᵀ)     dq = ds·k · scale     dk = dsᵀ·q · scale
  def packed_attention_backward(self, dout: Tensor, q: Tensor, k: Tensor, v: Tensor, out: Tensor, log_sums: Tensor,
                                lengths: List[int], kv: int, scale: float, cap: float, window: int,
                                flash: bool) -> List[Tensor]:
    groups = q.numel() // k.numel()
    dqs = annotate(List[Tensor], [])
    dks = annotate(List[Tensor], [])
    dvs = annotate(List[Tensor], [])
    start = 0
    for n in lengths:
      dy = self.query_heads(dout, start, n, kv, groups)
      queries = self.query_heads(q, start, n, kv, groups)
      keys = self.shared_heads(k, start, n, kv, groups)
      values = self.shared_heads(v, start, n, kv, groups)
      if flash:
        dq, dk, dv = torch._scaled_dot_product_flash_attention_for_cpu_backward(
            dy, queries, keys, values, self.query_heads(out, start, n, kv, groups), log_sums.narrow(2, start, n),
            0.0, True, scale=scale)
      else:
        scores = self.capped_scores(queries, keys, scale, cap)
        p = self.hide(scores, window).softmax(-1)
        dv = torch.matmul(p.to(v.dtype).transpose(2, 3), dy)
        ds = torch._softmax_backward_data(torch.matmul(dy, values.transpose(2, 3)).float(), p, -1, 6)
        if cap > 0.0:
          ds = ds * (1 - (scores / cap).square())
        ds = (ds * scale).to(v.dtype)
        dq = torch.matmul(ds, keys)
        dk = torch.matmul(ds.transpose(2, 3), queries)
      dqs.append(self.flat(dq))
      dks.append(self.flat_sum(dk))
      dvs.append(self.flat_sum(dv))
      start += n
    return [torch.cat(dqs), torch.cat(dks), torch.cat(dvs)]

  # With the sums of both parts, each part's gradient is that of its own attention. Adds to dq, and to the prefix's.
  def prefix_attention_backward(self, dout: Tensor, q: Tensor, k: Tensor, v: Tensor, out: Tensor, log_sums: Tensor,
                                dq: Tensor, dk: Tensor, dv: Tensor, kv: int, scale: float) -> int:
    n = q.size(0)
    m = k.size(0)
    groups = q.numel() // n // (k.numel() // m)
    gq, gk, gv = torch._scaled_dot_product_flash_attention_for_cpu_backward(
        self.query_heads(dout, 0, n, kv, groups), self.query_heads(q, 0, n, kv, groups),
        self.shared_heads(k, 0, m, kv, groups), self.shared_heads(v, 0, m, kv, groups),
        self.query_heads(out, 0, n, kv, groups), log_sums, 0.0, False, scale=scale)
    dq.add_(self.flat(gq))
    dk.add_(self.flat_sum(gk))
    dv.add_(self.flat_sum(gv))
    return 0

  # Cross-entropy

  # L = −Σ log p(label), p = softmax(logits). Gives p and the sums of loss, hits (the label was likeliest) and entropy
  # −Σ p·log p. Without a cap, f32 logits are overwritten by p.
  def cross_entropy(self, logits: Tensor, labels: Tensor, cap: float) -> List[Tensor]:
    capped = self.softcap(logits.float(), cap)
    log_p = capped.log_softmax(-1)
    own = log_p.gather(1, labels.unsqueeze(1))
    hits = (own >= log_p.amax([1], True)).sum()
    p = torch.exp(log_p) if cap > 0.0 else torch.exp(log_p, out=capped)
    entropy = -torch.dot(p.flatten(), log_p.flatten())
    return [p, torch.stack([-own.sum(), hits.float(), entropy])]

  # dL/dlogits = p − 1 at the label, p elsewhere; overwrites p.
  def cross_entropy_backward(self, p: Tensor, logits: Tensor, labels: Tensor, cap: float, scale: float) -> Tensor:
    at = labels.unsqueeze(1)
    p.scatter_add_(1, at, -torch.ones_like(p.gather(1, at)))
    p.mul_(scale)
    if cap > 0.0:
      p.mul_(1 - (logits.float() / cap).tanh().square())
    return p.to(logits.dtype)
