# Writes outputs and gradients of PyTorch's layers to pytorch.json, for layers.test.ts:
#     python packages/torch/test/nn/pytorch.py
# Inputs and parameters are fractions that float32 holds exactly, so both sides start from the same bits.
import json
import pathlib

import torch
from torch import nn


def of(shape, salt):
    count = torch.Size(shape).numel()
    return torch.tensor([((37 * i + 11 * salt) % 23 - 11) / 16 for i in range(count)]).reshape(shape)


def run(layer, shape):
    """Loss = sum of the outputs, weighted by fractions; gradients of the input and of all parameters."""
    with torch.no_grad():
        for salt, parameter in enumerate(layer.parameters(), 1):
            parameter.copy_(of(parameter.shape, salt))
    x = of(shape, 0).requires_grad_()
    y = layer(x)
    (y * of(y.shape, 7)).sum().backward()
    gradients = {name: parameter.grad.flatten().tolist() for name, parameter in layer.named_parameters()}
    return {"shape": list(y.shape), "y": y.flatten().tolist(), "x.grad": x.grad.flatten().tolist(), **gradients}


def embedding():
    layer = nn.Embedding(5, 3)
    with torch.no_grad():
        layer.weight.copy_(of([5, 3], 1))
    y = layer(torch.tensor([[4, 0, 4], [2, 2, 1]]))
    (y * of(y.shape, 7)).sum().backward()
    return {"shape": list(y.shape), "y": y.flatten().tolist(), "weight": layer.weight.grad.flatten().tolist()}


results = {
    "linear": run(nn.Linear(4, 3), [2, 3, 4]),
    "linearWithoutBias": run(nn.Linear(4, 3, bias=False), [2, 4]),
    "layerNorm": run(nn.LayerNorm(5), [2, 3, 5]),
    "layerNormEps": run(nn.LayerNorm(5, eps=0.1), [2, 5]),
    "groupNorm": run(nn.GroupNorm(2, 6, eps=0.01), [2, 6, 3, 2]),
    "embedding": embedding(),
    "conv1d": run(nn.Conv1d(2, 3, 3, stride=2, padding=1), [2, 2, 7]),
    "conv2d": run(nn.Conv2d(4, 6, (3, 2), stride=(1, 2), padding=(1, 0), groups=2), [2, 4, 4, 5]),
    "conv3d": run(nn.Conv3d(2, 2, (1, 2, 3), padding=1, bias=False), [1, 2, 2, 3, 3]),
    "sequential": run(nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)), [3, 2]),
}
path = pathlib.Path(__file__).with_name("pytorch.json")
path.write_text(json.dumps({"torch": torch.__version__, "results": results}, indent=1) + "\n")
