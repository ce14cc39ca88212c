# Python's side of equalTime.mjs. It gets a job as a line of JSON and answers with one line:
#     trains a network for `minutes`, unless `weights` has it already, and then measures it on held-out pictures
#     → { parameters, flops (of a forward pass), updates, seconds (of training), errors (by level), version }
# With `draw` it also writes pictures to `draw.path`: bytes, planar, one after the other.
import json
import math
import os
import sys
import time
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

sys.path.append(str(Path(__file__).parent.parent / 'examples/pytorch'))
import rin
import rivals


def built(network, config):
    """Pictures of 32 × 32. equalTime.mjs says what they are chosen for."""
    side, classes = config['model']['size'], config['model']['classes']
    if network == 'rin':
        return rin.RIN(config['model'])
    if network == 'unet':
        widths, layers, time_width = UNET
    elif network == 'unet-fast':
        widths, layers, time_width = UNET_FAST
    else:
        return rivals.Rival(rivals.transformer(side, config['model']['patch'], 160, 5, 4, classes), classes)
    # One more class: no class, which RIN and DiT have too.
    return rivals.Rival(rivals.unet(side, widths, layers, (16, 8), time_width, classes + 1), classes)


def loss(model, diffusion, x, condition, draws):
    """
    Mean square of x − x̂₀, as `rin.training_loss` with x prediction and x loss. But the estimate of self-conditioning is
    computed only for the samples that keep it, the first ones, as rin does with `selfConditioningBy: part`.
    """
    gamma = rin.signal_level(diffusion['schedule'], draws.t)
    xt = rin.column(gamma.sqrt(), x) * x + rin.column((1 - gamma).sqrt(), x) * draws.eps
    labels, first_labels = (condition * rin.column(keep, condition) for keep in draws.keep_label)
    previous, kept = None, int(diffusion['selfConditioningRate'] * len(x))
    if model.c.selfConditioning != 'none' and kept > 0:
        with torch.no_grad():
            _, *states = model(xt[:kept], gamma[:kept], first_labels[:kept])
        previous = [F.pad(part, (0, 0) * (part.dim() - 1) + (0, len(x) - kept)) for part in states]
    return F.mse_loss(model(xt, gamma, labels, previous)[0], x)


def rate(share):
    """The learning rate at this share of the budget: a warm-up, level, then half a cosine to zero."""
    warm_up, level = 0.04, 0.4
    return min(share / warm_up, 1) * (1 + math.cos(math.pi * max(share - level, 0) / (1 - level))) / 2


class Pictures:
    """Raw bytes, planar, with a byte for each label."""

    def __init__(self, given):
        self.pixels = numpy.memmap(given['pixels'], numpy.uint8, 'r').reshape(-1, *given['shape'])
        self.labels = torch.from_numpy(numpy.fromfile(given['labels'], numpy.uint8)).long()

    def batch(self, places, classes):
        """x [B, C, H, W] in [−1, 1] and one-hot classes [B, classes]"""
        x = torch.from_numpy(numpy.array(self.pixels[places])).float() / 127.5 - 1
        return x, F.one_hot(self.labels[places], classes).float()


def train(model, job, config):
    """Trains for so many minutes of steps, and leaves the average of the weights in the model."""
    diffusion, classes, batch, budget = config['diffusion'], config['model']['classes'], job['batch'], 60 * job['minutes']
    data = Pictures(job['train'])
    weights = list(model.parameters())
    average = [weight.detach().clone() for weight in weights]
    matrices = {'params': [w for w in weights if w.dim() > 1], 'weight_decay': 0.01}
    others = {'params': [w for w in weights if w.dim() <= 1], 'weight_decay': 0.0}
    optimizer = torch.optim.AdamW([matrices, others], betas=(0.9, 0.99), fused=True)
    random = numpy.random.default_rng(job['seed'])  # all networks see the same pictures in the same order
    updates, elapsed, order, said = 0, 0.0, [], 0
    model.train()
    while elapsed < budget:
        begin = time.perf_counter()
        if len(order) < batch:
            order = random.permutation(len(data.labels))
        places, order = numpy.sort(order[:batch]), order[batch:]
        x, condition = data.batch(places, classes)
        if random.random() < 0.5:
            x = x.flip(-1)
        found = loss(model, diffusion, x, condition, rin.draw(diffusion, x))
        found.backward()
        nn.utils.clip_grad_norm_(weights, 1)
        for group in optimizer.param_groups:
            group['lr'] = job['learningRate'] * rate(elapsed / budget)
        optimizer.step()
        optimizer.zero_grad()
        updates += 1
        # A power of the update, so that the average is over the same share of a short and of a long training.
        torch._foreach_lerp_(average, weights, 1 - (1 - 1 / updates) ** 14)
        elapsed += time.perf_counter() - begin
        if elapsed > said + 30:
            said = elapsed
            print(f'{job["network"]}, {elapsed / 60:.1f} min: {updates} updates, loss {found.item():.4f}', file=sys.stderr)
    with torch.no_grad():
        for weight, mean in zip(weights, average):
            weight.copy_(mean)
    return updates, elapsed


@torch.no_grad()
def errors(model, job, classes):
    """Mean square of x − x̂₀ at each level, as in lossByLevel.mjs: the same pictures and noise for every network."""
    held = job['held']
    x, condition = Pictures(held).batch(slice(held['first'], held['first'] + held['count']), classes)
    passes = 1 if model.c.selfConditioning == 'none' else held['passes']
    found = []
    for level, gamma in enumerate(job['levels']):
        eps = torch.randn(x.shape, generator=torch.Generator().manual_seed(level))
        squares = 0.0
        for at in range(0, len(x), 50):
            part = slice(at, at + 50)
            xt = math.sqrt(gamma) * x[part] + math.sqrt(1 - gamma) * eps[part]
            output, previous = None, None
            for _ in range(passes):
                output, *previous = model(xt, torch.full((len(xt),), gamma, dtype=torch.float64), condition[part], previous)
            squares += (output - x[part]).square().mean().item() * len(xt)
        found.append(squares / len(x))
    return found


def draw(model, job, config):
    """Draws pictures with the seeds from 0 on and the classes in turn, and writes them as bytes."""
    classes, count = config['model']['classes'], job['draw']['count']
    with open(job['draw']['path'] + '.part', 'wb') as file:
        for at in range(0, count, 100):
            seeds = list(range(at, min(at + 100, count)))
            condition = F.one_hot(torch.tensor(seeds) % classes, classes).float()
            noise = rin.philox_noise(seeds, tuple(job['train']['shape']))
            x = rin.sample(model, config, condition, noise)
            file.write(((x / 2 + 0.5) * 255).clamp(0, 255).round().to(torch.uint8).numpy().tobytes())
    os.replace(job['draw']['path'] + '.part', job['draw']['path'])


def operations(model, config):
    """Of a forward pass of one picture."""
    side, classes = config['model']['size'], config['model']['classes']
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, side, side), torch.ones(1), torch.eye(classes)[:1])
    return counter.get_total_flops()


# Widths at sides of 32, 16, 8 and 4, residual blocks at each, and width of the embedding of time and class.
UNET = ((32, 48, 64, 96), 1, 128)
UNET_FAST = ((16, 32, 48, 64), 1, 64)


def main():
    job = json.loads(sys.stdin.readline())
    config = job['config']
    torch.set_num_threads(job['threads'])
    torch.manual_seed(job['seed'])
    model = built(job['network'], config)
    answer = {'parameters': sum(p.numel() for p in model.parameters()), 'version': torch.__version__}
    if os.path.exists(job['weights']):
        saved = torch.load(job['weights'])
        model.load_state_dict(saved['model'])
    else:
        updates, seconds = train(model, job, config)
        saved = {'model': model.state_dict(), 'updates': updates, 'seconds': seconds}
        torch.save(saved, job['weights'] + '.part')
        os.replace(job['weights'] + '.part', job['weights'])
    model.eval()
    answer |= {'updates': saved['updates'], 'seconds': saved['seconds'], 'flops': operations(model, config)}
    answer['errors'] = errors(model, job, config['model']['classes'])
    if 'draw' in job:
        draw(model, job, config)
    print(json.dumps(answer), flush=True)


if __name__ == '__main__':
    main()
