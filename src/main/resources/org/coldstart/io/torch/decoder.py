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
    if len(bias) > 0 and dtype != 6:
      y = torch.linear(x.to(dtype), weight.to(dtype), bias[0].to(dtype))  # rounded once
    else:
      y = self.product(x.to(dtype), weight.to(dtype))
      if len(bias) > 0:
        y.add_(bias[0])
    return y if bf16 else y.to(x.dtype)

  # The same for a few vectors in f32, where reading W takes the time. Its form follows from its scales: none for f32 and
  # bf16, a scale a row in 8 bits, a step and a centre for each group of a row in 4; y is in bf16 for all but f32.
  def linear_few(self, x: Tensor, weight: Tensor, scales: Tensor, bias: Tensor, parts: int) -> Tensor:
    if scales.dim() == 3:
      y = torch._weight_int4pack_mm_for_cpu(x.to(15), weight, 32, scales)
    elif scales.numel() > 0:
      y = torch._weight_int8pack_mm(x.to(15), weight, scales)
    elif weight.dtype == 6:
      y = self.f32_few(x.float().contiguous(), weight, parts)
    else:
      y = torch.linear(x.to(weight.dtype), weight)
    return y if bias.numel() == 0 else y.add_(bias)

  # On some processors MKL's product of a matrix and one vector runs on one thread: there W is cut into parts that a
  # batched product shares among the threads.
  def f32_few(self, x: Tensor, weight: Tensor, parts: int) -> Tensor:
    n = x.size(0)
    rest = weight.size(0) % parts
    out = weight.size(0) - rest
    if parts > 1 and n < 32 and out > 0:
      part = weight[:out].view([parts, -1, weight.size(1)])
      if n < 6:
        y = torch.bmm(part, x.t().expand([parts, -1, -1])).view([out, n]).t()
      else:
        y = torch.bmm(x.expand([parts, -1, -1]), part.transpose(1, 2)).transpose(0, 1).reshape([n, out])
      return torch.cat([y, torch.linear(x, weight[out:])], 1) if rest > 0 else y
    return torch.mm(weight, x.t()).t() if n > 1 and n < 8 else self.product(x, weight)

  # W in fewer bits, in the best of the forms above that it fits, and the form's scales; some rows at a time
  def pack(self, weight: Tensor, four: bool) -> List[Tensor]:
    packed = annotate(List[Tensor], [])
    scales = annotate(List[Tensor], [])
    if weight.is_cuda or weight.size(1) % 16 > 0:
      return [weight.to(15), torch.empty([0])]
    if four and weight.size(0) % 16 == 0 and weight.size(1) % 32 == 0:
      for rows in torch.split(weight, 1024):
        if len(packed) == len(scales):
          packed.append(rows)
          piece = self.pack_int4(rows)
          if len(piece) > 0:
            packed[-1] = piece[0]
            scales.append(piece[1])
      if len(packed) == len(scales):
        return [torch.cat(packed), torch.cat(scales, 1)]
    packed.clear()
    scales.clear()
    for rows in torch.split(weight, 1024):
      scale = torch.amax(torch.abs(rows), 1).div_(127.0).clamp_(min=1e-30).to(15)
      packed.append(torch.div(rows, scale.float().unsqueeze(1)).round_().clamp_(-127, 127).to(1))
      scales.append(scale)
    return [torch.cat(packed), torch.cat(scales)]

  # In 4 bits, w = (q − 8)·step + centre, if the values of every 32 of a row lie on a grid of 16, as in a file of such
  # blocks; else nothing. The range of a group may be less than 15 steps.
  def pack_int4(self, weight: Tensor) -> List[Tensor]:
    groups = weight.view([-1, 32])
    low, high = torch.aminmax(groups, dim=1, keepdim=True)
    width = high - low
    steps = (width / 15.0).clamp_(min=1e-30)
    q = torch.sub(groups, low).div_(steps)
    left = self.off_grid(q)
    for n in range(14, 0, -1):
      if left.numel() > 0 and left.numel() < groups.size(0):
        narrower = (width[left] / n).clamp_(min=1e-30)
        q[left] = (groups[left] - low[left]).div_(narrower)
        steps[left] = narrower
        left = left[self.off_grid(q[left])]
    if left.numel() > 0:
      return annotate(List[Tensor], [])
    rows = [weight.size(0), weight.size(1) // 32]
    scales = torch.stack([steps.view(rows), torch.add(low, steps, alpha=8.0).view(rows)], 2)
    packed = torch._convert_weight_to_int4pack_for_cpu(q.round_().to(3).view(weight.size()), 1)
    return [packed, scales.to(15).transpose(0, 1).contiguous()]

  # The rows that are not of whole numbers
  def off_grid(self, q: Tensor) -> Tensor:
    return torch.nonzero(torch.amax(torch.abs(q - q.round()), 1) > 0.01).flatten()

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
    return self.glu(both.narrow(1, 0, half), both.narrow(1, half, half), silu)

  # Rotary positions (Su et al., 2021), in the half-split layout of Hugging Face checkpoints:
  #   y₁ = x₁·cos − x₂·sin     y₂ = x₂·cos + x₁·sin
  # x is (n, heads · size) or (n, heads, size), cos and sin are (n, 1, size); the angles of both halves are the same, but
  # sin's first half is negated: then y = x·cos + (x₂, x₁)·sin.
  def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    x = x.view(x.size(0), -1, cos.size(-1))
    half = x.size(-1) // 2
    y = x * cos
    y[..., :half].addcmul_(x[..., half:], sin[..., :half])
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

  # The layers over the next tokens of each row, x (batch · time, hidden), in place; their parts are DecoderLayer's. For
  # each layer there are six `norms`: before attention, of queries, of keys, after attention, before and after
  # feed-forward; four `linears`, of W, its scales and b each: query, key and value in one, output, gate and up in one,
  # down; LoRA's A and B of seven in `deltas`, or none at all. What else there is not is empty. Layers of a kind share
  # angles, mask and the column from which on they attend.
  def decode(self, x: Tensor, norms: List[Tensor], linears: List[Tensor], deltas: List[Tensor],
             delta_scales: List[float], kinds: List[int], cos: List[Tensor], sin: List[Tensor], masks: List[Tensor],
             starts: List[int], keys: List[Tensor], values: List[Tensor], batch: int, end: int, parts: int,
             epsilon: float, one_plus: bool, silu: bool, scale: float, cap: float) -> int:
    eps = torch.full([1], epsilon, device=x.device)
    for i in range(len(kinds)):
      at = kinds[i]
      self.decode_layer(x, norms[6 * i:6 * i + 6], linears[12 * i:12 * i + 12], deltas[14 * i:14 * i + 14],
                        delta_scales[7 * i:7 * i + 7], cos[at], sin[at], keys[i], values[i], masks[at], batch,
                        starts[at], end, parts, eps, one_plus, silu, scale, cap)
    return 0

  # One of them. Keys and values go into the cache at column `end`; what it holds from column `start` on is attended to.
  # For a single token an operation here takes some microseconds whatever it does, so that their number counts.
  def decode_layer(self, x: Tensor, norms: List[Tensor], linears: List[Tensor], deltas: List[Tensor],
                   delta_scales: List[float], cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, mask: Tensor,
                   batch: int, start: int, end: int, parts: int, eps: Tensor, one_plus: bool, silu: bool, scale: float,
                   cap: float) -> int:
    n, kv, size = x.size(0), keys.size(1), keys.size(3)
    time = n // batch
    if batch < keys.size(0):
      keys = keys.narrow(0, 0, batch)
      values = values.narrow(0, 0, batch)
    h = self.norm_few(x, norms[0], eps, one_plus)
    y = self.linear_few(h, linears[0], linears[1], linears[2], parts)
    qkv = self.add_deltas(y, h, deltas, delta_scales, 0, 3).float().contiguous().view([n, -1, size])
    heads = qkv.size(1) - 2 * kv
    both = qkv.narrow(1, 0, heads + kv)
    if norms[1].numel() > 0:
      both = torch.cat([self.norm_few(both.narrow(1, 0, heads), norms[1], eps, one_plus),
                        self.norm_few(both.narrow(1, heads, kv), norms[2], eps, one_plus)], 1)
    both = torch.addcmul(both * cos, torch.roll(both, size // 2, -1), sin)
    keys.narrow(2, end, time).copy_(self.rows(both.narrow(1, heads, kv), batch))
    values.narrow(2, end, time).copy_(self.rows(qkv.narrow(1, heads + kv, kv), batch))
    # (batch, kv, groups · time, size): all queries that share keys
    queries = self.rows(both.narrow(1, 0, heads), batch).reshape([batch, kv, -1, size])
    seen = end + time - start
    out = self.attend(queries, keys.narrow(2, start, seen), values.narrow(2, start, seen), mask, scale, cap)
    if time > 1:
      out = out.reshape([batch, heads, time, size]).transpose(1, 2)
    out = out.reshape([n, -1])
    y = self.linear_few(out, linears[3], linears[4], linears[5], parts)
    y = self.add_deltas(y, out, deltas, delta_scales, 3, 1)
    x.add_(self.norm_few(y.float(), norms[3], eps, one_plus) if norms[3].numel() > 0 else y)
    h = self.norm_few(x, norms[4], eps, one_plus)
    y = self.linear_few(h, linears[6], linears[7], linears[8], parts)
    inner = self.joint_glu(self.add_deltas(y, h, deltas, delta_scales, 4, 2), silu)
    y = self.linear_few(inner, linears[9], linears[10], linears[11], parts)
    y = self.add_deltas(y, inner, deltas, delta_scales, 6, 1)
    x.add_(self.norm_few(y.float(), norms[5], eps, one_plus) if norms[5].numel() > 0 else y)
    return 0

  # rms_norm in fewer operations
  def norm_few(self, x: Tensor, weight: Tensor, eps: Tensor, one_plus: bool) -> Tensor:
    norm = torch.linalg_vector_norm(x, 2, [-1], True)
    y = x * torch.addcmul(eps, norm, norm, value=1.0 / x.size(-1)).rsqrt_()
    return y.mul_(weight + 1 if one_plus else weight)

  # (batch · time, heads, size) → (batch, heads, time, size)
  def rows(self, x: Tensor, batch: int) -> Tensor:
    return x.unsqueeze(2) if x.size(0) == batch else x.view([batch, -1, x.size(1), x.size(2)]).transpose(1, 2)

  # LoRA's y + scale · x·Aᵀ·Bᵀ of layers whose outputs stand side by side; a scale of 0 for none
  def add_deltas(self, y: Tensor, x: Tensor, deltas: List[Tensor], scales: List[float], first: int,
                 count: int) -> Tensor:
    if len(scales) > 0:
      at = 0
      for i in range(first, first + count):
        out = deltas[2 * i + 1].size(0)
        if scales[i] != 0.0:
          y[:, at:at + out] = self.add_low_rank(y[:, at:at + out].float(), x, deltas[2 * i], deltas[2 * i + 1], scales[i])
        at += out
    return y

  # (batch, kv, queries, size); the mask, where there is one, is added to the scores, by time or for all queries.
  def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scale: float, cap: float) -> Tensor:
    if mask.numel() > 0 and mask.size(2) > 1:
      mask = mask.repeat([1, 1, q.size(2) // mask.size(2), 1])
    if cap == 0.0 and not q.is_cuda:
      hidden = mask if mask.numel() > 0 else None
      out, _ = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0.0, False, attn_mask=hidden, scale=scale)
      return out
    scores = self.softcap(torch.matmul(q, k.transpose(2, 3)).mul_(scale), cap)
    return torch.matmul((scores + mask if mask.numel() > 0 else scores).softmax(-1), v)
