# Gradients of the operations in decoder.py, written by hand: dy is the gradient of a result y, dx that of an input x.
# Unlike autograd, this keeps only what it needs and adds a weight's gradient to its sum (`total`, f32) while it is
# multiplied out.
class Backward(Module):

  # y = x·Wᵀ + b:  dW = dyᵀ·x,  db = Σ dy,  dx = dy·W

  # Some rows of dW at a time, added while they are in the cache
  def add_outer(self, total: Tensor, dy: Tensor, x: Tensor) -> int:
    for at in range(0, dy.size(1), 2048):
      self.accumulate(total[at:at + 2048], dy[:, at:at + 2048].t(), x.t())
    return 0

  def add_rows(self, total: Tensor, dy: Tensor) -> int:
    total.add_(dy.float().sum([0]))
    return 0

  def times(self, dy: Tensor, weight: Tensor) -> Tensor:
    return self.product(dy, weight.t())

  def add_times(self, total: Tensor, dy: Tensor, weight: Tensor) -> int:
    self.accumulate(total, dy, weight.t())
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

  # (kv, n, size) → (n, kv · size)
  def flat(self, x: Tensor) -> Tensor:
    return x.transpose(0, 1).flatten(1)

  # s = q·kᵀ · scale, p = softmax(s), y = p·v:
  #   dv = pᵀ·dy     ds = p · (dy·vᵀ − Σ p·dy·vᵀ)     dq = ds·k · scale     dk = dsᵀ·q · scale
  # The probabilities are computed again. Of a prefix there are keys, values, and the sums of their gradients.
  def packed_attention_backward(self, dout: Tensor, q: Tensor, k: Tensor, v: Tensor, prefix: List[Tensor],
                                lengths: List[int], kv: int, scale: float, cap: float, window: int,
                                block: int) -> List[Tensor]:
    dqs = annotate(List[Tensor], [])
    dks = annotate(List[Tensor], [])
    dvs = annotate(List[Tensor], [])
    start = 0
    for n in lengths:
      keys = self.by_head(prefix[:1], k[start:start + n], kv)
      values = self.by_head(prefix[1:2], v[start:start + n], kv)
      before = keys.size(1) - n
      dk = torch.zeros(keys.size(), dtype=6, device=k.device)
      dv = torch.zeros_like(dk)
      for at in range(0, n, block):
        end = min(at + block, n)
        first = max(0, before + at + 1 - window)
        queries = self.grouped(q[start + at:start + end], kv, keys.size(2))
        dy = self.grouped(dout[start + at:start + end], kv, keys.size(2))
        seen = keys[:, first:before + end]
        scores = self.scores(queries, seen, scale, cap)
        slope = 1 - (scores / cap).square_() if cap > 0.0 else scores
        p = self.probabilities(scores, before + at, first, window)
        dv[:, first:before + end].add_(torch.bmm(p.to(v.dtype).transpose(1, 2), dy))
        dp = torch.bmm(dy, values[:, first:before + end].transpose(1, 2)).float()
        ds = torch._softmax_backward_data(dp, p, -1, 6).mul_(scale)
        ds = (ds.mul_(slope) if cap > 0.0 else ds).to(v.dtype)
        dqs.append(self.ungrouped(torch.bmm(ds, seen), end - at))
        dk[:, first:before + end].add_(torch.bmm(ds.transpose(1, 2), queries))
      dks.append(self.flat(dk[:, before:]).to(k.dtype))
      dvs.append(self.flat(dv[:, before:]).to(v.dtype))
      if before > 0:
        prefix[2].add_(self.flat(dk[:, :before]))
        prefix[3].add_(self.flat(dv[:, :before]))
      start += n
    return [torch.cat(dqs), torch.cat(dks), torch.cat(dvs)]

  # Cross-entropy

  # L = −Σ w · log p(label) with p = softmax(logits / temperature), and its gradient w · (p − 1 at the label, p elsewhere)
  # / temperature, which is written over the logits if there are weights w. Gives the sums of −log p(label), of hits (the
  # label was likeliest) and of the entropy −Σ p·log p, and each log p(label). Some rows at a time stay in the cache.
  def cross_entropy(self, logits: Tensor, labels: Tensor, weights: List[Tensor], cap: float,
                    temperature: float) -> List[Tensor]:
    rows = max(1, 1048576 // logits.size(1))
    logs = annotate(List[Tensor], [])
    hits = torch.zeros([], device=logits.device)
    entropy = torch.zeros([], device=logits.device)
    for start in range(0, logits.size(0), rows):
      part = logits[start:start + rows]
      label = labels[start:start + rows].unsqueeze(1)
      capped = self.softcap(part.float(), cap)
      log_p = (capped / temperature).log_softmax(-1) if temperature != 1.0 else capped.log_softmax(-1)
      own = log_p.gather(1, label)
      logs.append(own)
      hits += (own >= log_p.amax([1], True)).sum()
      p = torch.exp(log_p)
      entropy -= torch.dot(p.flatten(), log_p.flatten())
      if len(weights) > 0:
        p.scatter_add_(1, label, torch.full_like(own, -1.0))
        p.mul_(weights[0][start:start + rows].unsqueeze(1) / temperature)
        if cap > 0.0:
          p.mul_(1 - (capped / cap).square_())
        part.copy_(p)
    log_p = torch.cat(logs).squeeze(1)
    return [torch.stack([-log_p.sum(), hits, entropy]), log_p]
