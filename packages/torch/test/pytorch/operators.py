"""
Writes operators.json: results and gradients of PyTorch for ../operators.test.ts. It needs Python with PyTorch:

    python packages/torch/test/pytorch/operators.py

Each case has its name, its inputs, its results, and the gradient of Σ (1 + cos i)·result[i] for each floating-point input.
"""

import json
import random
from pathlib import Path

import torch
import torch.nn.functional as F

cases = {}
numbers = random.Random(0)


def floats(*shape, low=-2.0, high=2.0):
    """Different numbers in a random order, none near another or a whole number, so that no extreme or step is ambiguous."""
    count = torch.Size(shape).numel()
    values = [low + (high - low) * (i + 0.37) / count for i in range(count)]
    numbers.shuffle(values)
    return torch.tensor([round(value, 4) for value in values], dtype=torch.float64).reshape(shape)


def whole(values):
    return torch.tensor(values, dtype=torch.int64)


def bools(values):
    return torch.tensor(values, dtype=torch.bool)


def case(name, function, *inputs):
    leaves = [x.clone().requires_grad_() if x.is_floating_point() else x for x in inputs]
    results = function(*leaves)
    results = list(results) if isinstance(results, (tuple, list)) else [results]
    for x in leaves:
        if x.requires_grad:
            x.grad = torch.zeros_like(x)
    differentiable = [r for r in results if r.requires_grad]
    if differentiable:
        weighted = [((1 + torch.cos(torch.arange(r.numel(), dtype=r.dtype))) * r.flatten()).sum() for r in differentiable]
        sum(weighted).backward()
    stored = lambda x: {'dtype': str(x.dtype).removeprefix('torch.'), 'shape': list(x.shape), 'data': x.detach().flatten().tolist()}
    assert name not in cases
    cases[name] = {
        'inputs': [stored(x) for x in inputs],
        'results': [stored(x) for x in results],
        'gradients': [x.grad.flatten().tolist() if x.requires_grad and differentiable else None for x in leaves],
    }


x = floats(3, 4)
case('sign', torch.sign, x)
case('floor', torch.floor, x)
case('ceil', torch.ceil, x)
case('leakyRelu', F.leaky_relu, x)
case('leakyRelu, slope', lambda x: F.leaky_relu(x, 0.2), x)
case('softplus', F.softplus, x)
case('softplus, beta and threshold', lambda x: F.softplus(x, beta=3, threshold=4), x)
case('double', lambda x: x.double(), whole([1, -2, 3]))
case('long', lambda x: x.long(), x)

case('logSoftmax', lambda x: F.log_softmax(x, 1), x)
case('prod', torch.prod, x)
case('prod, dim', lambda x: torch.prod(x, 0, keepdim=True), x)
case('cumsum', lambda x: torch.cumsum(x, 1), x)
case('max', torch.max, x)
case('min', torch.min, x)
case('max, dim', lambda x: torch.max(x, 1), x)
case('min, dim', lambda x: torch.min(x, 0, keepdim=True), x)
case('argmin', lambda x: torch.argmin(x), x)
case('argmin, dim', lambda x: torch.argmin(x, 1, keepdim=True), x)
case('topk', lambda x: torch.topk(x, 2), x)
case('topk, smallest', lambda x: torch.topk(x, 2, dim=0, largest=False), x)
case('sort', torch.sort, x)
case('sort, descending', lambda x: torch.sort(x, dim=0, descending=True), x)
case('sort, equal elements', lambda x: torch.sort(x, stable=True), whole([3, 1, 3, 1, 2]))
mask = bools([[True, False, False], [True, True, True]])
case('any', torch.any, mask)
case('any, dim', lambda x: torch.any(x, 1, keepdim=True), mask)
case('all', torch.all, mask)
case('all, dims', lambda x: torch.all(x, dim=(0, 1)), mask)

index = whole([[0, 2, 1, 1], [2, 2, 0, 0]])
case('gather', lambda x, i: torch.gather(x, 0, i), x, index)
case('scatter', lambda x, i, s: torch.scatter(x, 0, i, s), x, whole([[0, 2, 1, 1], [2, 1, 0, 0]]), floats(2, 4))
case('scatter, number', lambda x, i: torch.scatter(x, 1, i, 1.5), x, whole([[3], [0], [2]]))
case('index, rows', lambda x, i: x[i], x, whole([2, 0, 2]))
case('index, pairs', lambda x, i, j: x[i, j], x, whole([[0], [1]]), whole([1, 3, 3]))
case('index, columns', lambda x, j: x[:, j], x, whole([3, 1]))
case('index, mask', lambda x, m: x[m], x, x > 0.2)
case('indexPut', lambda x, i, v: x.index_put((i,), v), x, whole([2, 0]), floats(2, 4))
case('indexPut, accumulate', lambda x, i, v: x.index_put((i,), v, accumulate=True), x, whole([1, 1]), floats(2, 4))
case('tril', torch.tril, x)
case('tril, diagonal', lambda x: torch.tril(x, -1), x)
case('triu', torch.triu, x)
case('triu, diagonal', lambda x: torch.triu(x, 2), x)
case('oneHot', lambda x: F.one_hot(x, 5), whole([[0, 4], [2, 1]]))
case('oneHot, largest class', F.one_hot, whole([0, 3]))
case('einsum, matrices', lambda a, b: torch.einsum('bik,bkj->bij', a, b), floats(2, 2, 3), floats(2, 3, 2))
case('einsum, three', lambda a, b, c: torch.einsum('i,ij,j->', a, b, c), floats(3), floats(3, 4), floats(4))
case('einsum, trace', lambda a: torch.einsum('...ii->...', a), floats(2, 3, 3))

logits, classes = floats(4, 3), whole([0, 2, 1, 2])
weight = torch.tensor([0.5, 1.25, 2.0], dtype=torch.float64)
case('crossEntropy', F.cross_entropy, logits, classes)
case('crossEntropy, sum', lambda x, t: F.cross_entropy(x, t, reduction='sum'), logits, classes)
case('crossEntropy, none', lambda x, t: F.cross_entropy(x, t, reduction='none'), logits, classes)
case('crossEntropy, weight', lambda x, t, w: F.cross_entropy(x, t, w.detach()), logits, classes, weight)
case('crossEntropy, ignoreIndex', lambda x, t: F.cross_entropy(x, t, ignore_index=2), logits, classes)
case('crossEntropy, labelSmoothing', lambda x, t: F.cross_entropy(x, t, label_smoothing=0.1), logits, classes)
case('crossEntropy, probabilities', lambda x, t: F.cross_entropy(x, F.softmax(t.detach(), 1)), logits, floats(4, 3))
case('crossEntropy, pixels', F.cross_entropy, floats(2, 3, 2, 2), whole([[[0, 1], [2, 2]], [[1, 1], [0, 2]]]))
case('mseLoss', F.mse_loss, x, floats(3, 4))
case('mseLoss, sum', lambda x, t: F.mse_loss(x, t, reduction='sum'), x, floats(3, 4))
case('mseLoss, broadcast', lambda x, t: F.mse_loss(x, t.expand(3, 4), reduction='none'), x, floats(4))

picture = floats(1, 2, 5, 4)
case('maxPool2d', lambda x: F.max_pool2d(x, 2), picture)
case('maxPool2d, options', lambda x: F.max_pool2d(x, 2, 1, 1, 2, ceil_mode=True), picture)
case('maxPool2d, pairs', lambda x: F.max_pool2d(x, (3, 2), (2, 1), (1, 0)), picture)
case('avgPool2d', lambda x: F.avg_pool2d(x, 2), picture)
case('avgPool2d, options', lambda x: F.avg_pool2d(x, 3, 2, 1, True, False), picture)
case('interpolate, nearest', lambda x: F.interpolate(x, scale_factor=2), picture)
case('interpolate, size', lambda x: F.interpolate(x, size=(3, 7)), picture)
case('interpolate, bilinear', lambda x: F.interpolate(x, size=(7, 3), mode='bilinear'), picture)
case('interpolate, alignCorners', lambda x: F.interpolate(x, size=7, mode='bilinear', align_corners=True), picture)
case('interpolate, bicubic', lambda x: F.interpolate(x, scale_factor=(1.5, 2), mode='bicubic'), picture)
case('interpolate, linear', lambda x: F.interpolate(x, scale_factor=1.7, mode='linear'), floats(1, 2, 5))
case('interpolate, trilinear', lambda x: F.interpolate(x, size=3, mode='trilinear'), floats(1, 1, 2, 2, 2))
case('convTranspose2d', F.conv_transpose2d, floats(1, 2, 3, 3), floats(2, 2, 2, 2), floats(2))
case(
    'convTranspose2d, options',
    lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=1, groups=2),
    floats(1, 2, 3, 3),
    floats(2, 1, 3, 3),
    floats(2),
)
mean, variance = floats(2), floats(2, low=0.5, high=1.5)
case(
    'batchNorm',
    lambda x, m, v, w, b: F.batch_norm(x, m.detach(), v.detach(), w, b),
    picture,
    mean,
    variance,
    floats(2),
    floats(2),
)
case('batchNorm, training', lambda x: F.batch_norm(x, None, None, training=True, eps=1e-3), picture)


def running(x, m, v):
    m, v = m.detach().clone(), v.detach().clone()
    return F.batch_norm(x, m, v, training=True, momentum=0.3), m, v


case('batchNorm, running statistics', running, picture, mean, variance)
case('eye', lambda: torch.eye(3, 4))
case('linspace', lambda: torch.linspace(-1, 2, 7, dtype=torch.float64))

Path(__file__).with_name('operators.json').write_text(json.dumps({'torch': torch.__version__, 'cases': cases}))
