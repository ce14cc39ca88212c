"""
Writes small networks of TorchScript with the signatures of inception-2015-12-05.pt and i3d_torchscript.pt, for the tests beside
this file: python standIn.py
"""

import pathlib

import torch
from torch import nn

here = pathlib.Path(__file__).parent


class Inception(nn.Module):
    """Pictures of any size in 0 to 255 → 2,048 features, or the probabilities of 5 classes."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.inner = nn.Linear(12, 8)
        self.register_buffer("scale", torch.linspace(0.5, 1.5, 256))
        self.output = nn.Linear(2048, 5)

    def forward(self, img, return_features: bool = False, use_fp16: bool = False, no_output_bias: bool = False):
        x = (img.to(torch.float32) - 127.5) / 127.5
        x = nn.functional.adaptive_avg_pool2d(x, (2, 2)).flatten(1)
        features = (self.inner(x).relu()[:, :, None] * self.scale).flatten(1)
        if return_features:
            return features
        bias = None if no_output_bias else self.output.bias
        return nn.functional.linear(features, self.output.weight, bias).softmax(1)


class I3D(nn.Module):
    """Clips of any size in 0 to 255 → 400 logits, or their softmax."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.inner = nn.Linear(12, 400)

    def forward(self, x, rescale: bool = False, resize: bool = False, return_features: bool = False):
        assert resize, "only clips of 224 x 224"
        y = nn.functional.adaptive_avg_pool3d(x, (4, 1, 1)).flatten(1)
        if rescale:
            y = 2 * y / 255 - 1
        logits = self.inner(y)
        return logits if return_features else logits.softmax(1)


if __name__ == "__main__":
    for name, network in [("inception", Inception()), ("i3d", I3D())]:
        torch.jit.script(network.eval()).save(str(here / f"{name}StandIn.pt"))
    pixels = ((torch.arange(2 * 3 * 8 * 8) * 7919) % 256).reshape(2, 3, 8, 8)
    clip = ((torch.arange(3 * 16 * 8 * 8) * 7919) % 256).reshape(1, 3, 16, 8, 8).float()
    inception, i3d = Inception(), I3D()
    features = inception(pixels, return_features=True)
    logits = nn.functional.linear(features, inception.output.weight)
    answers = {
        "inception": {"features": features[:, ::64].tolist(), "logits": logits.tolist()},
        "i3d": {"features": i3d(clip, rescale=True, resize=True, return_features=True)[:, ::8].tolist()},
    }
    import json

    (here / "standIn.json").write_text(json.dumps(answers, indent=1) + "\n")
