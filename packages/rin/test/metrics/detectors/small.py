"""
Writes a small state dict in PyTorch's old format and in that of today, and a small pickle of NumPy arrays, for pickle.test.ts: python small.py
"""

import pathlib
import pickle
from collections import OrderedDict

import numpy as np
import torch

here = pathlib.Path(__file__).parent
weight = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
state = OrderedDict(
    [
        ("whole.weight", weight),
        ("transposed", weight.permute(2, 0, 1)),
        ("part", weight[1]),
        ("count", torch.tensor(7)),
        ("empty", torch.zeros(0, 5)),
    ]
)
state._metadata = OrderedDict([("", {"version": 1})])
torch.save(state, here / "smallToday.pth")
torch.save(state, here / "small.pth", _use_new_zipfile_serialization=False)
arrays = {
    "params": {"first": {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}, "bias": np.float32([0.5])},
    "batch_stats": {"mean": np.zeros((1, 1, 2), np.float32)},
}
(here / "small.ckpt").write_bytes(pickle.dumps(arrays, protocol=4))
