"""
Recurrent Interface Networks (Jabri, Fleet & Chen, "Scalable Adaptive Computation for Iterative Generation", 2023,
arXiv 2212.11972) in PyTorch, in one file that needs nothing else. It loads the model.safetensors that `rin train`
writes and gives the same outputs; a seed gives the same picture.

    python rin.py model.safetensors --classes cat heart --seeds 0 1 --out grid.png

    model, config, classes, mean_square = load('model.safetensors')
    y, Z, X = model(x, gamma, condition, previous=(Z, X, x_hat))

Symbols of the paper: X the interface, n tokens of d channels; Z the latents, m tokens of d' channels; gamma the signal
level of x_t = sqrt(gamma)·x + sqrt(1 - gamma)·eps.
"""

import argparse
import json
import math
import struct
import zlib
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn


# ---------------------------------------------------------------------------------------------- section 2: the network


def dense(inputs, outputs, fans=None):
    """A linear layer that starts uniform in ±sqrt(6 / fans), Glorot's unless told otherwise, with a bias of zero."""
    layer = nn.Linear(inputs, outputs)
    limit = math.sqrt(6 / (fans or inputs + outputs))
    nn.init.uniform_(layer.weight, -limit, limit)
    nn.init.zeros_(layer.bias)
    return layer


def norm(dim, gain=1.0):
    layer = nn.LayerNorm(dim, eps=1e-6)
    nn.init.constant_(layer.weight, gain)
    return layer


def sin_cos(coordinates, dim):
    """[...] → [..., dim] float64: sines of c / 10000^(2j/dim), j = 0 … dim/2 - 1, then their cosines."""
    j = torch.arange(dim // 2, dtype=torch.float64, device=coordinates.device)
    angles = coordinates.double().unsqueeze(-1) / 10000 ** (2 * j / dim)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def grid_code(grid, dim, scale):
    """[n, dim]: half of the channels code the row, half the column; a line has them all; slices of a clip repeat."""
    line = lambda count, dim: sin_cos(torch.arange(count).double() * scale / max(count - 1, 1), dim)  # [count, dim]
    *slices, rows, columns = [1, *grid] if len(grid) == 1 else grid
    if rows == 1 or columns == 1:
        plane = line(rows * columns, dim)
    else:
        row = line(rows, dim // 2)[:, None].expand(-1, columns, -1)  # [rows, columns, dim/2]
        column = line(columns, dim // 2)[None].expand(rows, -1, -1)  # [rows, columns, dim/2]
        plane = torch.cat([row, column], dim=-1).flatten(0, 1)
    return plane.repeat(math.prod(slices), 1)


def position(kind, grid, dim, scale):
    """How tokens are told apart: a sin-cos code and a learned table [n, dim]; one, or both with a table from zero."""
    code = None if kind == 'learned' else grid_code(grid, dim, scale)
    table = None if kind == 'sinCos' else nn.Parameter(torch.zeros(math.prod(grid), dim))
    if kind == 'learned':
        nn.init.trunc_normal_(table, std=0.02, a=-0.04, b=0.04)
    return code, table


def join(X, tokens):
    """[B, n, d] with a list of tokens [B, s, d] behind it."""
    return torch.cat([X, *tokens], dim=1) if tokens else X


class Mlp(nn.Module):
    """Dense → GELU → dropout → Dense on a normalised input, without the residual."""

    def __init__(self, dim, ratio, dropout=0.0):
        super().__init__()
        hidden = round(dim * ratio)
        self.norm, self.up, self.down = norm(dim), dense(dim, hidden), dense(hidden, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.down(self.dropout(F.gelu(self.up(self.norm(x)))))


class Attention(nn.Module):
    """softmax(q·kᵀ / sqrt(head))·v. The authors' kernels are three-dimensional, hence the smaller start."""

    def __init__(self, dim, context_dim, width, heads, dropout=0.0):
        super().__init__()
        head = width // heads
        self.q = dense(dim, width, dim * (heads + head))
        self.k = dense(context_dim, width, context_dim * (heads + head))
        self.v = dense(context_dim, width, context_dim * (heads + head))
        self.out = dense(width, dim, heads * (head + dim))
        self.heads, self.dropout = heads, dropout

    def forward(self, x, context, seen=None):
        """x [B, a, dim], context [B, b, context_dim] → [B, a, dim]; seen [B, 1, 1, b] = which of the context, None = all"""
        q, k, v = (
            projected.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # [B, heads, tokens, head]
            for projected in (self.q(x), self.k(context), self.v(context))
        )
        y = F.scaled_dot_product_attention(q, k, v, seen, dropout_p=self.dropout if self.training else 0.0)
        return self.out(y.transpose(1, 2).flatten(2))


class Cross(nn.Module):
    """Read or write: tokens attend to others, which are not normalised unless `normalizeKeyValue`, then an MLP."""

    def __init__(self, dim, context_dim, ratio, c):
        super().__init__()
        self.norm = norm(dim)
        self.norm_kv = norm(context_dim) if c.normalizeKeyValue else nn.Identity()
        self.attention = Attention(dim, context_dim, min(dim, context_dim), c.readWriteHeads)
        self.mlp = Mlp(dim, ratio) if ratio > 0 else None

    def forward(self, x, context, seen=None):
        x = x + self.attention(self.norm(x), self.norm_kv(context), seen)
        return x + self.mlp(x) if self.mlp else x


class Compute(nn.Module):
    """Self-attention and MLP of the latents; the layer that dropout and stochastic depth act on."""

    def __init__(self, c):
        super().__init__()
        self.norm = norm(c.latentDim)
        self.attention = Attention(c.latentDim, c.latentDim, c.latentDim, c.latentHeads, c.attentionDropout)
        self.mlp = Mlp(c.latentDim, c.latentMlpRatio, c.dropout)
        self.drop_path = c.dropPath

    def forward(self, Z, used=None):  # [B, m, d'] → [B, m, d']
        normed = self.norm(Z)
        Z = Z + self.kept(self.attention(normed, normed, used))
        return Z + self.kept(self.mlp(Z))

    def kept(self, branch):
        """Stochastic depth leaves a branch out for whole samples."""
        if not self.training or self.drop_path == 0:
            return branch
        share = 1 - self.drop_path
        return branch * (torch.rand_like(branch[:, :1, :1]) < share) / share


class Convolution(nn.Module):
    """Depthwise k×…×k → GroupNorm → SiLU → dropout → 1×1 on the interface as a map, added to its input."""

    def __init__(self, c, grid):
        super().__init__()
        d, k = c.interfaceDim, c.convolutionKernel
        layer = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[len(grid) - 1]
        self.depthwise = layer(d, d, k, padding=k // 2, groups=d)
        limit = math.sqrt(6 / (k ** len(grid) * (d + 1)))
        nn.init.uniform_(self.depthwise.weight, -limit, limit)
        nn.init.zeros_(self.depthwise.bias)
        self.norm = nn.GroupNorm(min(d // 4, 32), d, eps=1e-5)
        self.dropout = nn.Dropout(c.dropout)
        self.pointwise = dense(d, d, 2 * d / 1e-10)
        self.grid = grid

    def forward(self, X):  # [B, n, d] → [B, n, d]
        chart = X.transpose(1, 2).unflatten(2, self.grid)  # [B, d, *grid]
        chart = F.silu(self.norm(self.depthwise(chart)))
        return X + self.pointwise(self.dropout(chart.flatten(2).transpose(1, 2)))


class Block(nn.Module):
    """Read, K times compute, write. With depth 0 it reads only."""

    def __init__(self, c, depth, grid):
        super().__init__()
        d, latent_dim = c.interfaceDim, c.latentDim
        self.condition_read = Cross(latent_dim, d, c.latentMlpRatio, c) if c.decoupledRead else None
        self.read = Cross(latent_dim, d, c.latentMlpRatio, c)
        self.compute = nn.ModuleList(Compute(c) for _ in range(depth))
        self.write = Cross(d, latent_dim, c.interfaceMlpRatio, c) if depth > 0 else None
        self.convolution = Convolution(c, grid) if depth > 0 and c.convolutionKernel > 0 else None
        self.patches = math.prod(grid)

    def forward(self, Z, X, read_only, used=None):
        """Z [B, m, d'], X [B, n + writable, d], read_only a list of [B, s, d], used [B, 1, 1, m] = latents not left out"""
        if self.condition_read:
            Z = self.condition_read(Z, torch.cat(read_only, dim=1))
            Z = self.read(Z, X)
        else:
            Z = self.read(Z, join(X, read_only))
        for layer in self.compute:
            Z = layer(Z, used)
        if self.write:
            X = self.write(X, Z, used)
        if self.convolution:
            X = join(self.convolution(X[:, : self.patches]), [X[:, self.patches :]])
        return Z, X


class Time(nn.Module):
    """gamma [B] → one token [B, 1, dim]: sin-cos code, normalised over its channels, Dense → SiLU → Dense."""

    def __init__(self, dim, scaling):
        super().__init__()
        self.dense0, self.dense1 = dense(dim // 4, dim), dense(dim, dim)
        self.scaling = scaling

    def forward(self, gamma):
        code = sin_cos(gamma.double() * self.scaling, self.dense0.in_features)  # [B, dim/4]
        code = (code - code.mean(1, keepdim=True)) / code.std(1, correction=0, keepdim=True)
        return self.dense1(F.silu(self.dense0(code.to(self.dense0.weight.dtype)))).unsqueeze(1)


class RIN(nn.Module):
    """`config` is the `model` section of a configuration, with every key."""

    def __init__(self, config):
        super().__init__()
        c = self.c = SimpleNamespace(**config)
        size = c.size if isinstance(c.size, list) else [c.size, c.size]
        patch = c.patch if isinstance(c.patch, list) else [c.patch] * len(size)
        if len(size) == 3 and patch is not c.patch:
            patch[0] = 1  # a number is spatial
        # Given frames of a clip are tokens behind those of the frames to predict; either kind is padded to whole slices.
        given = getattr(c, 'givenFrames', 0)
        slices = [-(-frames // patch[0]) for frames in (size[0] - given, given)]
        self.predicted = (size[0] - given, *size[1:])
        self.patch, self.grid = tuple(patch), (slices[0], *(s // p for s, p in zip(size[1:], patch[1:])))
        self.n, values = math.prod(self.grid), math.prod(patch) * c.channels
        d, latent_dim = c.interfaceDim, c.latentDim

        # What is carried from step to step; the previous estimate of x stands behind the channels of x.
        self.carried = c.selfConditioning.replace('both', 'latents+interface').split('+')
        joined = 2 * values if 'data' in self.carried else values
        self.stem = dense(joined, d, joined + math.prod(patch) * d)
        self.stem_norm = norm(d)
        code, self.interface_position = position(c.interfacePosition, (sum(slices), *self.grid[1:]), d, c.timeScaling)
        self.register_buffer('interface_code', code, persistent=False)

        self.time = Time(latent_dim if c.timeOn == 'latents' else d, c.timeScaling)
        # A class is one token, a sequence one for each of its places.
        self.conditions = 1 if c.classes else c.conditionTokens if c.conditionDim else 0
        self.label = None
        if self.conditions:
            self.label = dense(c.classes or c.conditionDim, latent_dim if c.conditionOn == 'latents' else d)

        # The time and condition tokens that sit on the latents count among the m.
        self.on_latents = (c.timeOn == 'latents') + self.conditions * (c.conditionOn == 'latents')
        code, self.latents = position(c.latentPosition, (c.latents - self.on_latents,), latent_dim, c.timeScaling)
        self.register_buffer('latent_code', code, persistent=False)

        # Norms with a gain of zero: at the start, what came before makes no difference.
        if 'latents' in self.carried:
            self.previous_mlp, self.previous_norm = Mlp(latent_dim, c.latentMlpRatio), norm(latent_dim, 0.0)
        if 'interface' in self.carried:
            self.previous_interface_mlp, self.previous_interface_norm = Mlp(d, c.interfaceMlpRatio), norm(d, 0.0)

        self.blocks = nn.ModuleList(Block(c, depth, self.grid) for depth in c.depth)
        self.readout_norm = norm(d)
        self.readout = dense(d, values)
        if c.zeroReadout:
            nn.init.zeros_(self.readout.weight)

    def forward(self, x, gamma, condition=None, previous=None, given=None, latents=None):
        """
        x [B, C, *size] without given frames, which are given [B, C, frames, H, W] without noise; gamma [B];
        condition [B, classes] one-hot or [B, s, channels], None or zeros = none; previous = (Z [B, m, d'], X [B, n, d],
        estimate of x [B, C, *size]) of an earlier pass; None, or left out, = zeros. latents: m of this pass, a number or one
        for each sample; the last learned ones are left out.
        Returns the prediction [B, C, *size], Z [B, m, d'], X [B, n, d].
        """
        c, B, dtype = self.c, len(x), self.stem.weight.dtype
        previous_Z, previous_X, previous_x, *_ = *(previous or ()), None, None, None

        # Time and condition stand among the latents, or beside the interface, where they are written to or only read.
        tokens = {'latents': [], 'interfaceWritable': [], 'interface': []}
        tokens[c.timeOn].append(self.time(gamma))  # [B, 1, …]
        if self.label:
            asked = x.new_zeros(B, self.conditions, self.label.in_features) if condition is None else condition
            asked = asked.to(dtype).view(B, self.conditions, -1)
            tokens[c.conditionOn].append(self.label(asked))  # [B, s, …]

        # Interface initialisation.
        if 'data' in self.carried:  # given frames have no estimate
            x = torch.cat([x, torch.zeros_like(x) if previous_x is None else previous_x], dim=1)  # [B, 2·C, *size]
            given = None if given is None else torch.cat([given, torch.zeros_like(given)], dim=1)
        patches = join(self.patchify(x), [] if given is None else [self.patchify(given)])
        X = self.stem_norm(self.stem(patches))  # [B, n + given, d]
        X = X + self.positions(self.interface_code, self.interface_position, X.dtype)
        X, clean = X[:, : self.n], X[:, self.n :]
        if 'interface' in self.carried:
            u = torch.zeros_like(X) if previous_X is None else previous_X
            X = X + self.previous_interface_norm(u + self.previous_interface_mlp(u))
        X = join(X, [clean, *tokens['interfaceWritable']])  # [B, n + given + writable, d]

        # Latent initialisation, with latent self-conditioning.
        counts = [c.latents if latents is None else latents] * B if not isinstance(latents, list) else latents
        m, place, count = max(counts), torch.arange(max(counts), device=x.device), torch.tensor(counts, device=x.device)
        used = (place < count[:, None] - self.on_latents) | (place >= m - self.on_latents)  # [B, m]
        seen = None if min(counts) == m else used[:, None, None]
        Z = self.positions(self.latent_code, self.latents, X.dtype)[: m - self.on_latents].expand(B, -1, -1)
        Z = join(Z, tokens['latents'])  # [B, m, d']
        if 'latents' in self.carried:
            u = torch.zeros_like(Z) if previous_Z is None else self.fit_latents(previous_Z, m)
            Z = Z + self.previous_norm(u + self.previous_mlp(u))

        for block in self.blocks:
            Z, X = block(Z, X, tokens['interface'], seen)

        X = X[:, : self.n]
        return self.unpatchify(self.readout(self.readout_norm(X))), Z if seen is None else Z * used[..., None], X

    def fit_latents(self, Z, m):
        """Latents of a pass with another number, for one with m: the last learned ones cut, or zeros in their place."""
        learned, others = Z[:, : Z.shape[1] - self.on_latents], Z[:, Z.shape[1] - self.on_latents :]
        return torch.cat([F.pad(learned, (0, 0, 0, m - Z.shape[1])), others], dim=1)  # a negative padding cuts

    def patchify(self, x):
        """[B, C, *size] → [B, n, values]: tokens and the pixels in them in raster order, the channel last."""
        x = F.pad(x, (0, 0) * (x.dim() - 3) + (0, -x.shape[2] % self.patch[0]))  # zero frames to a whole slice
        for axis, extent in enumerate(self.patch):
            x = x.unfold(2 + axis, extent, extent)  # in the end [B, C, *grid, *patch]
        axes = len(self.grid)
        return x.movedim(1, -1).flatten(1 + axes).flatten(1, axes)

    def unpatchify(self, y):
        """[B, n, values] → [B, C, *size]"""
        axes = len(self.grid)
        y = y.unflatten(2, (*self.patch, self.c.channels)).unflatten(1, self.grid)
        y = y.movedim(-1, 1)  # [B, C, *grid, *patch]
        for axis in range(axes):
            y = y.movedim(2 + axes, 3 + axis).flatten(2 + axis, 3 + axis)  # a patch's axis behind its grid's, as one
        return y[:, :, : self.predicted[0]]

    @staticmethod
    def positions(code, table, dtype):
        """[n, dim], the code rounded only here."""
        return sum(part.to(dtype) for part in (code, table) if part is not None)


# ------------------------------------------------------------------------------------------------ section 3: diffusion


def signal_level(schedule, t):
    """gamma(t), from 1 at t = 0, the data, to 0 at t = 1, noise. t float64, any shape."""
    s = SimpleNamespace(**schedule)
    if s.kind == 'cosine-nichol':
        return torch.cos((t + 0.0002) / 1.00025 * (math.pi / 2)) ** 2
    if s.kind == 'linear':
        return (1 - t).clamp(1e-9, 1)
    curve = {
        'sigmoid': lambda u: torch.sigmoid(u / s.tau),
        'cosine': lambda u: torch.cos(u * (math.pi / 2)).clamp(min=0) ** (2 * s.tau),
        'log': torch.log,
    }[s.kind]
    start, end = (s.end, s.start) if s.kind == 'log' and s.reverse else (s.start, s.end)
    at_start, at_end = curve(torch.tensor([start, end], dtype=torch.float64, device=t.device))
    return ((at_end - curve(t * (end - start) + start)) / (at_end - at_start)).clamp(1e-9, 1)


def column(values, x):
    """[B] as factors of x [B, C, *size]."""
    return values.to(x.dtype).view(-1, *[1] * (x.dim() - 1))


def network_input(xt, gamma, diffusion, mean_square):
    """x_t as the network sees it: as it is, or divided by its standard deviation, own or expected."""
    if diffusion['normalizeInput'] == 'sample':
        return xt / xt.flatten(1).std(1, correction=0).view(-1, *[1] * (xt.dim() - 1))
    if diffusion['normalizeInput'] == 'expected':
        return xt / column((gamma * mean_square * diffusion['inputScale'] ** 2 + 1 - gamma).sqrt(), xt)
    return xt


def data_and_noise(output, xt, gamma, prediction, clip=None):
    """The estimates of x, limited to ±clip, and of eps, which follows the limited x where the network predicts x."""
    signal, noise = column(gamma.sqrt(), xt), column((1 - gamma).sqrt(), xt)
    limit = (lambda x: x) if clip is None else (lambda x: x.clamp(-clip, clip))
    if prediction == 'eps':
        return limit((xt - noise * output) / signal), output
    if prediction == 'v':
        return limit(signal * xt - noise * output), noise * xt + signal * output
    x = limit(output)
    return x, (xt - signal * x) / noise


def draw_latents(config, B):
    """The latents of each sample of a training step, a list: each number from none to the share `latentDrop` left out."""
    c, drop = config['model'], config['training'].get('latentDrop', 0)
    condition = 1 if c['classes'] else c['conditionTokens'] if c['conditionDim'] else 0
    learned = c['latents'] - (c['timeOn'] == 'latents') - condition * (c['conditionOn'] == 'latents')
    most = min(int(drop * learned + 1e-9), learned - 1)
    return [c['latents'] - int(number) for number in torch.randint(most + 1, (B,))]


def draw(diffusion, x, latents=None):
    """
    The random part of a training step: times, noise, who keeps an estimate, who keeps the label in either pass. latents: of
    `draw_latents`, None = all.
    """
    B, rate = len(x), diffusion['selfConditioningRate']
    uniform = lambda *shape: torch.rand(*shape, dtype=torch.float64, device=x.device)
    stratified = diffusion['timeSampling'] == 'stratified'
    part = diffusion['selfConditioningBy'] == 'part'
    return SimpleNamespace(
        t=(torch.randperm(B, device=x.device) + uniform(B)) / B if stratified else uniform(B),
        eps=torch.randn_like(x),
        keep_estimate=torch.arange(B, device=x.device) < int(rate * B) if part else uniform(B) < rate,
        keep_label=uniform(2, B) >= diffusion['labelDropout'],
        latents=latents,
    )


def training_loss(model, diffusion, x, condition, draws, mean_square=1.0, given=None):
    """
    x [B, C, *size] in ±inputScale, condition and given (in ±inputScale) as for `RIN.forward`, draws as of `draw`. Given
    frames get neither noise nor loss.
    """
    b, gamma = diffusion['inputScale'], signal_level(diffusion['schedule'], draws.t)
    signal, noise = column(gamma.sqrt(), x), column((1 - gamma).sqrt(), x)
    xt = signal * x + noise * draws.eps
    noisy = network_input(xt, gamma, diffusion, mean_square)
    labels = [None if condition is None else condition * column(keep, condition) for keep in draws.keep_label]

    # Self-conditioning: what a pass from zeros leaves, without gradient, for the samples that keep it.
    previous = None
    if model.c.selfConditioning != 'none' and diffusion['selfConditioningRate'] > 0:
        with torch.no_grad():
            output, *states = model(noisy, gamma, labels[1], given=given, latents=draws.latents)
            states.append(data_and_noise(output, xt, gamma, diffusion['prediction'], b)[0])
            previous = tuple(part * column(draws.keep_estimate, part) for part in states)
    output, _, _ = model(noisy, gamma, labels[0], previous, given, draws.latents)

    clip = b if diffusion['clipInTraining'] else None
    x_hat, eps_hat = data_and_noise(output, xt, gamma, diffusion['prediction'], clip)
    if diffusion['loss'] == 'eps':
        return F.mse_loss(eps_hat, draws.eps)
    if diffusion['loss'] == 'x':
        return F.mse_loss(x_hat / b, x / b)
    v_hat = output if diffusion['prediction'] == 'v' else signal * eps_hat - noise * x_hat
    return F.mse_loss(v_hat, signal * draws.eps - noise * x)


def sampler_step(s, levels, x, x_hat, before, evaluate_end, noise):
    """
    x at t', from x at t and the estimate of the data there. levels: gamma at t and at t', float64. before: the estimate of
    the step before and the length of that step in ln of sqrt(gamma/(1 - gamma)), or None. evaluate_end(x, gamma): the
    estimate at t', for Heun. noise(): noise of this step.
    """
    now, then = levels
    factor = lambda value: column(value.reshape(1), x)
    if s.sampler == 'ddpm':  # Ho et al. 2020
        alpha = (now / then).clamp(0, 1)
        variance = 1 - alpha if s.variance == 'large' else (1 - then) / (1 - now) * (1 - alpha)
        mean = factor(then.sqrt() * (1 - alpha) / (1 - now)) * x_hat + factor(alpha.sqrt() * (1 - then) / (1 - now)) * x
        return mean + factor(variance.sqrt()) * noise()
    if s.sampler == 'ddim':  # Song et al. 2021
        variance = s.eta**2 * (1 - then) / (1 - now) * (1 - now / then).clamp(min=0)
        _, eps_hat = data_and_noise(x_hat, x, now.expand(len(x)), 'x')
        x = factor(then.sqrt()) * x_hat + factor((1 - then - variance).clamp(min=0).sqrt()) * eps_hat
        return x + factor(variance.sqrt()) * noise() if s.eta > 0 else x

    # The others take a step of length h = ln of sqrt(gamma/(1 - gamma)) from t to t'.
    kept = (now / then * (1 - then) / (1 - now)).sqrt()  # exp(-h)
    if s.sampler == 'heun':
        move = lambda data: factor(((1 - then) / (1 - now)).sqrt()) * x + factor(then.sqrt() * (1 - kept)) * data
        end = move(x_hat)
        return end if then == 1 else move((x_hat + evaluate_end(end, then)) / 2)
    data = x_hat  # DPM-Solver++(2M), Lu et al. 2022
    if before is not None and then < 1:
        data = x_hat + factor((-kept.log() / (2 * before[1])).clamp(max=1)) * (x_hat - before[0])
    if s.sampler == 'dpm2m':
        return factor(((1 - then) / (1 - now)).sqrt()) * x + factor(then.sqrt() * (1 - kept)) * data
    mean = factor(((1 - then) / (1 - now)).sqrt() * kept) * x + factor(then.sqrt() * (1 - kept**2)) * data
    return mean + factor(((1 - then) * (1 - kept**2)).sqrt()) * noise()


def latents_at(s, step, all):
    """The latents of the labelled and the unlabelled pass in a step; a list cuts the steps into equal stretches."""
    at = lambda numbers: numbers[step * len(numbers) // s.steps] if isinstance(numbers, list) else numbers
    labelled = at(s.latents) or all
    return labelled, min(labelled, at(s.guidanceLatents) or labelled)


@torch.no_grad()
def sample(model, config, condition, noise, mean_square=1.0, given=None):
    """
    Denoises from noise('start', 0), with noise('step', i) added in step i by the samplers that add noise; both [B, C, *size].
    given: frames [B, C, frames, H, W] in ±inputScale that a clip follows.
    Returns the last estimate of x, [B, C, *size] in ±inputScale.
    """
    diffusion, s = config['diffusion'], SimpleNamespace(**{'eta': 0, 'latents': None, 'guidanceLatents': None} | config['sampling'])
    clip = diffusion['inputScale'] if s.clip else None
    carries = model.c.selfConditioning != 'none' and diffusion['selfConditioningRate'] > 0
    previous = settled = None  # what is carried on: from the newest evaluation, and from the step before

    def evaluate(x, level):  # in step i
        nonlocal previous
        gamma, (m, m_unlabelled) = level.expand(len(x)), latents_at(s, i, model.c.latents)
        noisy = network_input(x, gamma, diffusion, mean_square)
        output, *latest = model(noisy, gamma, condition, previous, given, m)
        # Classifier-free, for γ in an interval; Z and X of the labelled pass are carried on.
        guides = s.guidance > 0 and condition is not None
        if guides and config['sampling'].get('guidanceFrom', 0) <= level <= config['sampling'].get('guidanceTo', 1):
            unlabelled, _, _ = model(noisy, gamma, None, previous, given, m_unlabelled)
            output = (1 + s.guidance) * output - s.guidance * unlabelled
        x_hat, _ = data_and_noise(output, x, gamma, diffusion['prediction'], clip)
        if carries:
            latest.append(x_hat.clamp(-diffusion['inputScale'], diffusion['inputScale']))
            old = list(settled or [torch.zeros_like(part) for part in latest])  # momentum acts once in a step
            old[0] = model.fit_latents(old[0], m)
            previous = [s.momentum * before + (1 - s.momentum) * part for before, part in zip(old, latest)]
        return x_hat

    x, last = noise('start', 0), None
    for i in range(s.steps):
        # From t to t', in float64; the factors are rounded once.
        t = torch.tensor([1 - i / s.steps, max(1 - (i + 1 + s.timeDelta) / s.steps, 0)], dtype=torch.float64)
        levels, settled = signal_level(s.schedule, t).to(x.device), previous
        x_hat = evaluate(x, levels[0])
        if i == s.steps - 1:
            return x_hat
        signal_to_noise = (levels[0] / (1 - levels[0])).log() / 2
        before = last and (last[0], signal_to_noise - last[1])
        last = x_hat, signal_to_noise
        x = sampler_step(s, levels, x, x_hat, before, evaluate, lambda: noise('step', i))


# --------------------------------------------------------------------------- files, random numbers and the command line


def read_safetensors(path):
    """The tensors of a file by their names, and the texts beside them."""
    types = {'F64': torch.float64, 'F32': torch.float32, 'F16': torch.float16, 'BF16': torch.bfloat16}
    with open(path, 'rb') as file:
        header = json.loads(file.read(struct.unpack('<Q', file.read(8))[0]))
        data = file.read()
    texts = header.pop('__metadata__', {})
    tensors = {}
    for name, entry in header.items():
        values = torch.frombuffer(bytearray(data[slice(*entry['data_offsets'])]), dtype=types[entry['dtype']])
        tensors[name] = values.view(entry['shape'])
    return tensors, texts


def load(path):
    """A model.safetensors: the network, its configuration, the names of the classes, the mean square of the data."""
    tensors, texts = read_safetensors(path)
    config = json.loads(texts['config'])
    model = RIN(config['model'])
    model.load_state_dict(tensors)
    return model.eval(), config, json.loads(texts['classes']), float(texts['meanSquare'])


def philox_noise(seeds, shape, section=0):
    """
    Noise for `sample` that is a function of each picture's seed, the same as rin's own: words of Philox4x32-10 with
    counter [block, seed low, step, purpose·2^24 + seed high] (Salmon et al. 2011), made normal by Box and Muller. A clip
    that is longer than in training is drawn in sections; the key is the section's number.
    """
    count, mask = math.prod(shape), 2**32 - 1
    seed = torch.tensor(seeds)[:, None]

    def noise(purpose, step):
        number = {'start': 7, 'step': 8}[purpose]
        counter = [torch.arange((count + 3) // 4), seed & mask, torch.tensor(step), number << 24 | seed >> 32]
        a, b, c, d = torch.broadcast_tensors(*counter)
        for i in range(10):
            ab, cd = 0xD2511F53 * a, 0xCD9E8D57 * c  # 64 bits; that the top one is a sign is masked away
            key = section + i * 0x9E3779B9 & mask, i * 0xBB67AE85 & mask
            a, b, c, d = cd >> 32 & mask ^ b ^ key[0], cd & mask, ab >> 32 & mask ^ d ^ key[1], ab & mask
        u, v = ((torch.stack([a, b, c, d], dim=-1).double() + 0.5) / 2**32).view(len(seeds), -1, 2).unbind(-1)
        radius, angle = (-2 * u.log()).sqrt(), 2 * math.pi * v
        normals = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=-1).flatten(1)
        return normals[:, :count].float().unflatten(1, shape)

    return noise


def write_png(path, pixels):
    """pixels uint8 [C, H, W], grey or RGB"""
    C, H, W = pixels.shape
    rows = F.pad(pixels.permute(1, 2, 0).flatten(1), (1, 0))  # before each row the number of its filter, 0 = none
    chunks = [
        (b'IHDR', struct.pack('>IIBBBBB', W, H, 8, {1: 0, 3: 2}[C], 0, 0, 0)),
        (b'IDAT', zlib.compress(bytes(rows.flatten().tolist()))),
        (b'IEND', b''),
    ]
    with open(path, 'wb') as file:
        file.write(b'\x89PNG\r\n\x1a\n')
        for kind, data in chunks:
            file.write(struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data)))


def main():
    options = argparse.ArgumentParser(description='Draws pictures from a model of rin.')
    options.add_argument('model', help='model.safetensors of a run')
    options.add_argument('--seeds', type=int, nargs='+', default=range(16), help='one picture for each')
    options.add_argument('--classes', nargs='+', help='names or numbers, repeated; default: seed modulo classes')
    options.add_argument('--steps', type=int)
    options.add_argument('--sampler', choices=['ddim', 'ddpm', 'heun', 'dpm2m', 'dpm2mSde'])
    options.add_argument('--guidance', type=float)
    options.add_argument('--latents', type=int, nargs='+', help='that compute; several = over the steps')
    options.add_argument('--columns', type=int, default=8)
    options.add_argument('--out', default='grid.png')
    given = vars(options.parse_args())
    if min(given['seeds']) < 0 or given['columns'] < 1 or given['steps'] is not None and given['steps'] < 1:
        options.error('expected seeds from 0 on, and at least one column and one step')
    try:
        model, config, names, mean_square = load(given['model'])
    except (OSError, ValueError, KeyError, RuntimeError, MemoryError, OverflowError, struct.error) as error:
        options.exit(1, f'{given["model"]}: no model that rin wrote can be read there ({type(error).__name__})\n')
    if config['model']['classes'] == 0 and (given['classes'] or given['guidance']):
        options.error('this model was trained without classes; leave --classes and --guidance out')
    if len(model.predicted) != 2:
        options.error('this model makes no pictures; call sample() from a program')
    fewest = model.on_latents + 1
    if any(not fewest <= count <= config['model']['latents'] for count in given['latents'] or []):
        options.error(f'expected latents from {fewest} to {config["model"]["latents"]}')
    changed = ('steps', 'sampler', 'guidance', 'latents')
    config['sampling'] |= {key: given[key] for key in changed if given[key] is not None}

    condition, count, seeds = None, config['model']['classes'], list(given['seeds'])
    if count > 0:
        known = {str(number): number for number in range(count)} | {name: i for i, name in enumerate(names)}
        classes = given['classes'] or [str(seed % count) for seed in seeds]
        unknown = next((name for name in classes if name not in known), None)
        if unknown is not None:
            options.error(f'there is no class {unknown}; there are {", ".join(names)}, or 0 to {count - 1}')
        numbers = [known[name] for name in classes]
        condition = F.one_hot(torch.tensor([numbers[i % len(numbers)] for i in range(len(seeds))]), count).float()
    C, H, W = (config['model']['channels'], *model.predicted)
    x = sample(model, config, condition, philox_noise(seeds, (C, H, W)), mean_square)

    pixels = ((x / (2 * config['diffusion']['inputScale']) + 0.5) * 255).clamp(0, 255).round().to(torch.uint8)
    columns = min(given['columns'], len(seeds))
    blank = pixels.new_full((-len(seeds) % columns, C, H, W), 255)
    sheet = torch.cat([pixels, blank]).unflatten(0, (-1, columns))  # [rows, columns, C, H, W]
    write_png(given['out'], sheet.permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2))


if __name__ == '__main__':
    main()
