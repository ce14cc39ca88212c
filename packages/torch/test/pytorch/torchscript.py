# Writes a small network of TorchScript to torchscript.pt, for torchscript.test.ts:
#     python packages/torch/test/pytorch/torchscript.py
import pathlib
from typing import List, Optional, Tuple

import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.dropout = nn.Dropout(0.5)
        self.register_buffer("shift", torch.tensor([0.25, -0.5]))
        with torch.no_grad():
            self.layer.weight.copy_(torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 4.0]]))
            self.layer.bias.copy_(torch.tensor([0.5, -0.25]))

    def forward(self, x, times: Optional[int] = None, scale: float = 1.0, negate: bool = False) -> Tuple[torch.Tensor, List[torch.Tensor]]:
        assert x.dim() == 2, "x must have two dimensions"
        y = self.dropout(self.layer(x)) * scale + self.shift
        if negate:
            y = -y
        parts: List[torch.Tensor] = []
        for i in range(1 if times is None else times):
            parts.append(y + i)
        return y, parts


torch.jit.script(Network()).save(str(pathlib.Path(__file__).with_suffix(".pt")))
