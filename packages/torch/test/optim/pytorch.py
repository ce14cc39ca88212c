# Writes the parameters after each update by PyTorch's optimisers to pytorch.json, for pytorch.test.ts:
#     python packages/torch/test/optim/pytorch.py
# Parameters and gradients are fractions that float32 holds exactly, so both sides start from the same bits.
import json
import pathlib
from unittest import mock

import torch

SHAPES = {"wide.weight": [3, 5], "tall.weight": [4, 2], "twin.weight": [5, 3], "bias": [4]}
UPDATES = 4


def fractions(count, salt):
    return [((37 * i + 11 * salt) % 23 - 11) / 16 for i in range(count)]


def of(shape, salt):
    return torch.tensor(fractions(torch.Size(shape).numel(), salt)).reshape(shape)


def run(make):
    parameters = {name: torch.nn.Parameter(of(shape, i)) for i, (name, shape) in enumerate(SHAPES.items())}
    optimizers = make(parameters)
    found = []
    for update in range(1, UPDATES + 1):
        for i, (name, parameter) in enumerate(parameters.items()):
            parameter.grad = of(SHAPES[name], 5 * update + i)
        for optimizer in optimizers:
            optimizer.step()
        found.append({name: parameter.flatten().tolist() for name, parameter in parameters.items()})
    return found


def sgd(**options):
    return run(lambda parameters: [torch.optim.SGD(parameters.values(), **options)])


def muon(parameters):
    matrices = [parameter for parameter in parameters.values() if parameter.ndim == 2]
    others = [parameter for parameter in parameters.values() if parameter.ndim != 2]
    return [
        torch.optim.Muon(matrices, lr=0.02, weight_decay=0.1, momentum=0.9, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=0.01),
    ]


# PyTorch rounds Muon's iteration to bfloat16, which hides small differences. Here it computes in float32.
with mock.patch.object(torch, "bfloat16", torch.float32):
    moved_by_muon = run(muon)

results = {
    "sgd": sgd(lr=0.1),
    "momentum": sgd(lr=0.1, momentum=0.9),
    "nesterov": sgd(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
    "adamw": run(lambda parameters: [torch.optim.AdamW(parameters.values())]),
    "adamwOptions": run(
        lambda parameters: [
            torch.optim.AdamW(parameters.values(), lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.2)
        ]
    ),
    "muon": moved_by_muon,
}
path = pathlib.Path(__file__).with_name("pytorch.json")
path.write_text(json.dumps({"torch": torch.__version__, "results": results}, indent=1) + "\n")
