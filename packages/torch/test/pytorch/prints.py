"""
Writes prints.json: what PyTorch prints for the tensors of ../print.test.ts. It needs Python with PyTorch:

    python packages/torch/test/pytorch/prints.py
"""

import json
from pathlib import Path

import torch

inf, nan = float('inf'), float('nan')
t, arange = torch.tensor, torch.arange
f64, f16, bf16 = torch.float64, torch.float16, torch.bfloat16

tensors = {
    'a number': t(3.25),
    'a whole float': t(3.0),
    'a whole number': t(7),
    'a bool': t(True),
    'whole floats': t([[1.0, 2.0], [3.0, -40.0]]),
    'fractions': t([[1.0, 2.5], [3.0, -4.0]]),
    'halves of the last digit': t([0.03125, 0.09375, -0.03125, 1.21875], dtype=f64),
    'halves in scientific notation': t([100005.0, 100015.0, 0.5, 1.0], dtype=f64),
    'small numbers': t([1e-5, 2e-5]),
    'a wide range': t([1.0, 2000.5]),
    'large whole floats': t([1e9, 2e9, 0.0]),
    'whole floats of a wide range': t([1.0, 1001.0]),
    'exponents of three digits': t([1e-200, 1e200], dtype=f64),
    'zeros': torch.zeros(2, 2),
    'minus zero': t([-0.0, 1.5]),
    'minus zero alone': t([-0.0]),
    'not finite': t([nan, inf, -inf, 1.0]),
    'not finite, with fractions': t([[nan, 0.5], [-inf, 12.25]]),
    'only not finite': t([nan, inf]),
    'nan alone': t(nan),
    'float64': t([1.5, 2.5], dtype=f64),
    'float16': t([1.1, -2.0], dtype=f16),
    'bfloat16': t([1.1, -2.0], dtype=bf16),
    'int64': t([1, -20, 300]),
    'int64 beyond 2^53': t([2**62 + 1, -5]),
    'int32': t([1, 2], dtype=torch.int32),
    'int16': t([-1, 2], dtype=torch.int16),
    'int8': t([1, -128], dtype=torch.int8),
    'uint8': t([1, 255], dtype=torch.uint8),
    'bool': t([[True, False], [True, True]]),
    'bool, all true': t([True, True]),
    'empty': torch.zeros(0),
    'empty, two dimensions': torch.zeros(2, 0),
    'empty int64': torch.zeros(0, 3, dtype=torch.int64),
    'empty float64': torch.zeros(0, dtype=f64),
    'long row': arange(30) * 1000,
    'long row of fractions': arange(25) * 1.5,
    'long rows': arange(60).reshape(2, 30).float(),
    'four dimensions': arange(24).reshape(2, 1, 3, 4),
    'one column': arange(3).reshape(3, 1),
    'a thousand': arange(1000).reshape(10, 100) / 8,
    'above a thousand': arange(1001),
    'above a thousand, fractions': arange(2000) / 16,
    'above a thousand, two dimensions': arange(4000).reshape(40, 100),
    'above a thousand, a short dimension': arange(3000).reshape(6, 500),
    'above a thousand, three dimensions': arange(8000).reshape(20, 20, 20).float(),
    'above a thousand, short dimensions only': (arange(1296) % 7).reshape(6, 6, 6, 6),
    'above a thousand, an extreme that is not shown': torch.cat([torch.ones(1000), t([1e30]), torch.ones(1000)]),
    'above a thousand, bfloat16': torch.ones(40, 50, dtype=bf16),
    'transposed': arange(6).reshape(2, 3).T,
}
plain = {name: str(tensor) for name, tensor in tensors.items()}
stored = {
    name: {
        'dtype': str(tensor.dtype).removeprefix('torch.'),
        'shape': list(tensor.shape),
        'data': [str(value) for value in tensor.flatten().tolist()] if tensor.numel() <= 1000 else None,
        'printed': plain[name],
    }
    for name, tensor in tensors.items()
}
Path(__file__).with_name('prints.json').write_text(json.dumps(stored))
