# PyTorch's side of trainingStep.mjs and sampling.mjs. The protocol is in contestants.mjs.
#   plain    examples/pytorch/rin.py, trained in the usual way: AdamW (fused), clipping, an average of the weights
#   peer     lucidrains' rin-pytorch with the nearest possible sizes and its own objective, for square pictures. It has no
#            classes, and no average here. Its MLPs are always four times as wide as their input. Its reads and writes are
#            as wide as its latents.
import json
import resource
import sys
import time
from pathlib import Path

import torch
from torch import nn

sys.path.append(str(Path(__file__).parent.parent / 'examples/pytorch'))
import rin


def answer(**line):
    print(json.dumps(line), flush=True)


setup = json.loads(sys.stdin.readline())
config, precision = setup['config'], setup.get('dtype', 'float32')
torch.set_num_threads(setup['threads'])
torch.manual_seed(0)
c, diffusion, training = config['model'], config['diffusion'], config['training']
size = c['size'] if isinstance(c['size'], list) else [c['size']] * 2
batch = setup['count'] if setup['task'] == 'sample' else training['batch']
device = torch.device(setup.get('device', 'cpu'))
autocast = lambda: torch.autocast(device.type, torch.bfloat16, enabled=precision == 'bfloat16')


class Compiled:
    """A compiled network. `mode` is true for the usual one, or a mode of torch.compile."""

    def __init__(self, model, mode):
        self.c, self.fit_latents, self.tunes = model.c, model.fit_latents, mode is not True
        self.run = torch.compile(model, mode=mode) if self.tunes else torch.compile(model)

    def __call__(self, *inputs, **named):
        if not (self.tunes and device.type == 'cuda'):
            return self.run(*inputs, **named)
        # CUDA graphs write each result into the same memory. A step calls the network twice, so it copies the results.
        torch.compiler.cudagraph_mark_step_begin()
        return tuple(part.clone() for part in self.run(*inputs, **named))


def plain():
    model = rin.RIN(c).to(device)
    average = [p.detach().clone() for p in model.parameters()]
    named = list(model.named_parameters())
    groups = [
        {'params': [p for _, p in named if p.dim() > 1], 'weight_decay': training['weightDecay']},
        {'params': [p for _, p in named if p.dim() <= 1], 'weight_decay': 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=training['learningRate'], fused=True)
    weights = [p for _, p in named]
    run = Compiled(model, setup['compile']) if setup.get('compile') else model
    pictures = torch.rand(batch, c['channels'], *size, device=device) * 2 - 1
    labels = nn.functional.one_hot(torch.arange(batch, device=device) % c['classes'], c['classes']).float()

    def step():
        with autocast():
            loss = rin.training_loss(run, diffusion, pictures, labels, rin.draw(diffusion, pictures), 1 / 3)
        loss.backward()
        if training['clipNorm'] > 0:
            nn.utils.clip_grad_norm_(weights, training['clipNorm'])
        optimizer.step()
        optimizer.zero_grad()
        torch._foreach_lerp_(average, weights, 1e-4)
        return loss.item()

    def sample():
        model.eval()
        noise = lambda purpose, i: torch.randn(batch, c['channels'], *size, device=device)
        with torch.inference_mode(), autocast():
            return rin.sample(run, config, labels, noise, 1 / 3).cpu()

    return (step if setup['task'] == 'train' else sample), model


def peer():
    from rin_pytorch import RIN, GaussianDiffusion

    model = RIN(
        dim=c['interfaceDim'],
        image_size=c['size'],
        channels=c['channels'],
        patch_size=c['patch'],
        depth=len(c['depth']),
        latent_self_attn_depth=c['depth'][0],
        dim_latent=c['latentDim'],
        num_latents=c['latents'] - 2,  # our number includes the time and class tokens
        latent_token_time_cond=True,
        patches_self_attn=False,  # not in the paper
        heads=c['latentHeads'],
        dim_head=c['latentDim'] // c['latentHeads'],
    ).to(device)
    trainer = GaussianDiffusion(model, train_prob_self_cond=diffusion['selfConditioningRate'])
    optimizer = torch.optim.AdamW(model.parameters(), lr=training['learningRate'], fused=True)
    pictures = torch.rand(batch, c['channels'], *size, device=device)

    def step():
        with autocast():
            loss = trainer(pictures)
        loss.backward()
        if training['clipNorm'] > 0:
            nn.utils.clip_grad_norm_(model.parameters(), training['clipNorm'])
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return step, model


def peak_memory():
    """in MB: of the device, or of the process"""
    if device.type == 'cuda':
        return torch.cuda.max_memory_reserved() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


step, model = {'plain': plain, 'peer': peer}[setup['kind']]()
for _ in range(1 if setup['task'] == 'sample' else 2):
    step()
answer(parameters=sum(p.numel() for p in model.parameters()), version=torch.__version__)
for line in sys.stdin:
    seconds, cpu = [], []
    for _ in range(json.loads(line)['steps']):
        begin, before = time.perf_counter(), time.process_time()
        step()
        seconds.append(time.perf_counter() - begin)
        cpu.append(time.process_time() - before)
    answer(seconds=seconds, cpu=cpu, memory=peak_memory())
