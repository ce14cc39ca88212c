# PyTorch's side of efficiency.mjs: one network at one size, with one sample.
# It gets the setup as a line of JSON, and answers in up to three lines, so that what was found before memory ran out is kept:
#     { parameters, flops, activations, forecast, version }   counted without memory; forecast: bytes of a training step
#     { forward: [seconds], forwardMemory }                   memory: the highest of the process so far, in bytes
#     { step: [seconds], memory }                             only if the forecast is within `limit`
import json
import resource
import sys
import time
from pathlib import Path
from unittest import mock

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

sys.path.append(str(Path(__file__).parent.parent / 'examples/pytorch'))
import rin
import rivals

# Weights, gradients, an average, and the two moments of AdamW; float32.
BYTES_OF_WEIGHT = 20
# Python with PyTorch and diffusers, and what a step needs for a moment: 0.6 to 0.9 GB above the other terms at 64 × 64.
BYTES_OF_PROGRAM = 0.7e9

setup = json.loads(sys.stdin.readline())
network, size, config = setup['network'], setup['size'], setup['config']
c, diffusion = config['model'], config['diffusion']
torch.set_num_threads(setup['threads'])
torch.manual_seed(0)


def built():
    side, classes = size[-1], c['classes']
    if network == 'rin-pytorch':
        return rin.RIN(c)
    if network == 'adm':
        return rivals.Rival(rivals.adm(side, classes), classes)
    if network == 'dit':  # the width, depth and heads of DiT-XL
        return rivals.Rival(rivals.transformer(side, c['patch'], 1152, 28, 16, classes), classes)
    if network == 'dit-latent':  # DiT-XL/2 as it was published, on latents of an autoencoder: a check of the count
        return rivals.Rival(rivals.transformer(side, 2, 1152, 28, 16, classes, c['channels'], 2 * c['channels']), classes)
    if network == 'jit':  # the width, depth and heads of JiT-L, always with 256 tokens
        return rivals.Rival(rivals.transformer(side, side // 16, 1024, 24, 16, classes), classes)
    channels = {'unet3d': 256, 'unet3d-160': 160}[network]
    return rivals.Rival(rivals.unet3d(side, channels), classes)


def inputs(model):
    """Clips that continue given frames have these apart; the U-Net for clips has all frames as one."""
    own = model.predicted if isinstance(model, rin.RIN) else size
    frames = size[0] - own[0] if len(size) == 3 else 0
    given = torch.zeros(1, c['channels'], frames, *size[1:]) if frames > 0 else None
    condition = torch.eye(c['classes'])[:1] if c['classes'] > 0 else None
    return torch.zeros(1, c['channels'], *own), condition, given


def answer(**line):
    print(json.dumps(line), flush=True)


def peak():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def timed(act):
    act()  # memory is allocated and code loaded
    seconds = []
    for _ in range(setup['rounds']):
        begin = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - begin)
    return seconds


def count():
    """Parameters, operations of a forward pass, and bytes that it keeps for the backward pass; no memory is allocated."""
    kept = {}  # by storage, because several operators keep the same one
    # It draws until all are within limits, which tensors without values cannot tell.
    with FakeTensorMode(), mock.patch.object(nn.init, 'trunc_normal_'):
        model = built()
        x, condition, given = inputs(model)
        weights = {p.untyped_storage()._cdata for p in model.parameters()}

        def keep(tensor):
            storage = tensor.untyped_storage()
            if storage._cdata not in weights:
                kept[storage._cdata] = storage  # held, so that no other gets its address
            return tensor

        with FlopCounterMode(display=False) as counter, torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            output, *_ = model(x, torch.ones(1), condition, given=given)
        assert output.shape == x.shape, (output.shape, x.shape)
        parameters = sum(p.numel() for p in model.parameters())
    return parameters, counter.get_total_flops(), sum(storage.nbytes() for storage in kept.values())


parameters, flops, activations = count()
forecast = BYTES_OF_PROGRAM + BYTES_OF_WEIGHT * parameters + activations
answer(parameters=parameters, flops=flops, activations=activations, forecast=forecast, version=torch.__version__)
if setup['rounds'] == 0 or 4 * parameters > setup['limit']:
    sys.exit()

model = built()
x, condition, given = inputs(model)
with torch.inference_mode():
    forward = timed(lambda: model(x, torch.ones(1), condition, given=given))
answer(forward=forward, forwardMemory=peak())
if forecast > setup['limit']:
    sys.exit()

weights = list(model.parameters())
average = [weight.detach().clone() for weight in weights]
optimizer = torch.optim.AdamW(weights, lr=1e-4, fused=True)


def step():
    rin.training_loss(model, diffusion, x, condition, rin.draw(diffusion, x), 1 / 3, given).backward()
    optimizer.step()
    optimizer.zero_grad()
    torch._foreach_lerp_(average, weights, 1e-4)


answer(step=timed(step), memory=peak())
