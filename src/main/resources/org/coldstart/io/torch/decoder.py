# A decoder forward. Sequences are packed: their tokens form one axis n, without padding. Activations are (n, size),
# in training under bf16 rounded where a matrix product takes them. The gradients are in backward.py.
class Decoder(Module):

  # Embedding

  def embedding(self, ids: Tensor, weight: Tensor) -> Tensor:
    return torch.embedding(weight, ids).float()

  # NEFTune (Jain et al., 2023): noise uniform in ±scale
  def neftune(self, embeddings: Tensor, scale: Tensor) -> Tensor:
    return embeddings + (torch.rand_like(embeddings) * 2.0 - 1.0) * scale

  # Linear layers: y = x·Wᵀ + b, in the type W is held in or in bf16

  def linear(self, x: Tensor, weight: Tensor, bias: List[Tensor], bf16: bool) -> Tensor:
    dtype = 15 if bf16 else weight.dtype
    if len(bias) > 0:
      y = torch.linear(x.to(dtype), weight.to(dtype), bias[0].to(dtype))
    else:
      y = torch.linear(x.to(dtype), weight.to(dtype))
    return y if bf16 else y.to(x.dtype)

  # The same for a few vectors, where reading W takes the time. On some processors MKL's product of a matrix and one
  # vector runs on one thread: there W is cut into parts that a batched product shares among the threads.
  def linear_few(self, x: Tensor, weight: Tensor, bias: List[Tensor], parts: int) -> Tensor:
    n = x.size(0)
    rows = x.to(weight.dtype).contiguous()
    rest = weight.size(0) % parts
    out = weight.size(0) - rest
    if parts > 1 and weight.dtype == 6 and n < 32 and out > 0:
      part = weight[:out].view([parts, -1, weight.size(1)])
      if n < 6:
        y = torch.bmm(part, rows.t().expand([parts, -1, -1])).view([out, n]).t()
      else:
        y = torch.bmm(rows.expand([parts, -1, -1]), part.transpose(1, 2)).transpose(0, 1).reshape([n, out])
      if rest > 0:
        y = torch.cat([y, torch.linear(rows, weight[out:])], 1)
    elif n > 1 and n < 8:
      y = torch.mm(weight, rows.t()).t()
    else:
      y = torch.linear(rows, weight)
    if len(bias) > 0:
      y = y.add_(bias[0].to(weight.dtype))
    return y.to(x.dtype)

  # LoRA (Hu et al., 2021): y + scale · x·Aᵀ·Bᵀ
  def add_low_rank(self, y: Tensor, x: Tensor, a: Tensor, b: Tensor, scale: float) -> Tensor:
    inner = torch.linear(x.to(y.dtype), a.to(y.dtype))
    return torch.add(y, torch.linear(inner, b.to(y.dtype)), alpha=scale)

  def add_product(self, target: Tensor, b: Tensor, a: Tensor, scale: float) -> int:
    target.add_(torch.mm(b, a), alpha=scale)
    return 0

  # The generator is this call's own, so that a seed gives the same choice at any time.
  def dropout(self, x: Tensor, p: float, seed: int) -> Tensor:
    generator = torch.Generator(device=x.device, seed=seed)
    kept = torch.bernoulli(x.float().detach(), 1.0 - p, generator=generator)
    return x.float() * kept.div_(1.0 - p)

  # RMS normalisation (Zhang & Sennrich, 2019): y = x / √(mean(x²) + eps) · w, in f32; w is 1 + weight for Gemma

  def inverse_rms(self, x: Tensor, eps: float) -> Tensor:
    norm = torch.linalg_vector_norm(x, 2, [-1], True)  # unlike x.pow(2).mean(-1), it makes no copy of x
    return torch.rsqrt(norm.square() / x.size(-1) + eps)

  def rms_norm(self, x: Tensor, weight: Tensor, eps: float, one_plus: bool) -> Tensor:
    w = weight + 1 if one_plus else weight
    values = x.float()
    y = values * self.inverse_rms(values, eps)
    return y.mul_(w).to(x.dtype)

  # The gated unit (Shazeer, 2020): act(gate) · up, with silu(x) = x·σ(x) (SwiGLU) or the tanh form of gelu (GEGLU)

  def act(self, x: Tensor, silu: bool) -> Tensor:
    return torch.silu(x) if silu else torch.gelu(x, approximate="tanh")

  def glu(self, gate: Tensor, up: Tensor, silu: bool) -> Tensor:
    return self.act(gate, silu).mul_(up)

  # Gate and up in one, (n, 2 · size)
  def joint_glu(self, both: Tensor, silu: bool) -> Tensor:
    half = both.size(1) // 2
    return self.glu(both[:, :half], both[:, half:], silu)

  # Rotary positions (Su et al., 2021), in the half-split layout of Hugging Face checkpoints:
  #   y₁ = x₁·cos − x₂·sin     y₂ = x₂·cos + x₁·sin
  # x is (n, heads · size) or (n, heads, size), cos and sin are (n, 1, size); the angles of both halves are the same.
  def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    x = x.view(x.size(0), -1, cos.size(-1))
    half = x.size(-1) // 2
    y = x * cos
    y[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-1)
    y[..., half:].addcmul_(x[..., :half], sin[..., half:])
    return y

  # Softmax attention (Vaswani et al., 2017) of grouped queries (Ainslie et al., 2023):
  # softmax(q·kᵀ · scale)·v, where query heads share a key-value head in groups

  # cap · tanh(x / cap) keeps x within ±cap (Gemma 2); 0 for none
  def softcap(self, x: Tensor, cap: float) -> Tensor:
    return (x / cap).tanh_().mul_(cap) if cap > 0.0 else x

  # Keys or values of one sequence, behind those of the prefix that it continues, by head:
  # (n, kv · size) → (kv, m + n, size)
  def by_head(self, prefix: List[Tensor], x: Tensor, kv: int) -> Tensor:
    rows = x.flatten(1)
    if len(prefix) > 0:
      rows = torch.cat([prefix[0], rows])
    return rows.view([rows.size(0), kv, -1]).transpose(0, 1)

  # Queries, those that attend to the same head together: (n, heads · size) → (kv, groups · n, size)
  def grouped(self, x: Tensor, kv: int, size: int) -> Tensor:
    return x.view([x.size(0), kv, -1, size]).permute([1, 2, 0, 3]).flatten(1, 2)

  # … and back
  def ungrouped(self, x: Tensor, n: int) -> Tensor:
    return x.view([x.size(0), -1, n, x.size(2)]).permute([2, 0, 1, 3]).flatten(1)

  # (kv, groups · n, m), in f32: rounded to bf16, a score of 10 would make its probability 2 % wrong.
  def scores(self, q: Tensor, k: Tensor, scale: float, cap: float) -> Tensor:
    return self.softcap(torch.bmm(q.float(), k.float().transpose(1, 2)).mul_(scale), cap)

  # The softmax of the scores of queries from position `i` on and keys from position `j` on, which end at the same one;
  # overwrites the scores. Position i attends to j where i − window < j ≤ i.
  def probabilities(self, scores: Tensor, i: int, j: int, window: int) -> Tensor:
    end = j + scores.size(2)
    by_row = scores.view([scores.size(0), -1, end - i, end - j])
    rows = torch.arange(i, end, device=scores.device).unsqueeze(1)
    columns = torch.arange(j, end, device=scores.device)
    by_row[..., i - j:].masked_fill_(columns[i - j:] > rows, float("-inf"))
    if window < end:
      by_row.masked_fill_(columns <= rows - window, float("-inf"))
    return scores.softmax(-1)

  # Causal attention of packed sequences, each behind a prefix that they may share: its keys and values, or nothing. It
  # takes `block` queries at a time (Rabe & Staats, 2021): all scores of a sequence at once would fit into no cache.
  def packed_attention(self, q: Tensor, k: Tensor, v: Tensor, prefix: List[Tensor], lengths: List[int], kv: int,
                       scale: float, cap: float, window: int, block: int) -> Tensor:
    outs = annotate(List[Tensor], [])
    start = 0
    for n in lengths:
      keys = self.by_head(prefix[:1], k[start:start + n], kv)
      values = self.by_head(prefix[1:2], v[start:start + n], kv)
      before = keys.size(1) - n
      for at in range(0, n, block):
        end = min(at + block, n)
        first = max(0, before + at + 1 - window)
        queries = self.grouped(q[start + at:start + end], kv, keys.size(2))
        scores = self.scores(queries, keys[:, first:before + end], scale, cap)
        p = self.probabilities(scores, before + at, first, window).to(v.dtype)
        outs.append(self.ungrouped(torch.bmm(p, values[:, first:before + end]), end - at))
      start += n
    return torch.cat(outs)

  # The cache: keys and values of each layer, (rows, kv, room, size)

  # Writes packed sequences into a cache's rows, from columns `starts` on, and zeros in front.
  def store_packed(self, target: Tensor, x: Tensor, lengths: List[int], starts: List[int]) -> int:
    at = 0
    for b in range(len(lengths)):
      row = x[at:at + lengths[b]].view([lengths[b], target.size(1), -1]).transpose(0, 1)
      target[b].narrow(1, starts[b], lengths[b]).copy_(row)
      target[b].narrow(1, 0, starts[b]).zero_()
      at += lengths[b]
    return 0

  # Writes the same tokens into every row, so that they end before columns `ends`.
  def store_prefix(self, target: Tensor, x: Tensor, ends: List[int]) -> int:
    n = x.size(0)
    prefix = x.view([n, target.size(1), -1]).transpose(0, 1)
    for b in range(len(ends)):
      target[b].narrow(1, ends[b] - n, n).copy_(prefix)
    return 0

  # Moves rows to the front.
  def keep_rows(self, targets: List[Tensor], rows: List[int], length: int) -> int:
    for target in targets:
      used = target.narrow(2, 0, length)
      for b in range(len(rows)):
        if rows[b] != b:
          used[b].copy_(used[rows[b]])
    return 0

  # The next tokens of each row, q (batch · time, heads · size), not rotated yet: puts their keys and values into the
  # cache at column `end` and attends to what it holds from column `start` on.
  def cached_attention(self, q: Tensor, k: Tensor, v: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor,
                       batch: int, start: int, end: int, mask: List[Tensor], scale: float, cap: float) -> Tensor:
    n = q.size(0)
    time = n // batch
    kv = keys.size(1)
    size = keys.size(3)
    both = self.rotate(torch.cat([q.reshape([n, -1, size]), k.reshape([n, kv, size])], 1), cos, sin)
    heads = both.size(1) - kv
    new_keys = both[:, heads:].view([batch, time, kv, size]).transpose(1, 2)
    new_values = v.reshape([batch, time, kv, size]).transpose(1, 2)
    keys[:batch].narrow(2, end, time).copy_(new_keys)
    values[:batch].narrow(2, end, time).copy_(new_values)
    seen_keys = keys[:batch, :, start:end + time]
    seen_values = values[:batch, :, start:end + time]
    # (batch, kv, groups · time, size): all queries that share keys
    queries = both[:, :heads].view([batch, time, kv, -1, size]).permute([0, 2, 3, 1, 4]).reshape([batch, kv, -1, size])
    scores = self.softcap(torch.matmul(queries, seen_keys.transpose(2, 3)).mul_(scale), cap)
    if len(mask) > 0:
      scores = scores.view([batch, kv, -1, time, scores.size(-1)]).add_(mask[0].unsqueeze(1)).flatten(2, 3)
    out = torch.matmul(scores.softmax(-1), seen_values)
    return out.view([batch, kv, -1, time, size]).permute([0, 3, 1, 2, 4]).reshape([n, -1])
