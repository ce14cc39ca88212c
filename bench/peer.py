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
autocast = lambda: torch.autocast('cpu', torch.bfloat16, enabled=precision == 'bfloat16')


def plain():
    model = rin.RIN(c)
    average = [p.detach().clone() for p in model.parameters()]
    named = list(model.named_parameters())
    groups = [
        {'params': [p for _, p in named if p.dim() > 1], 'weight_decay': training['weightDecay']},
        {'params': [p for _, p in named if p.dim() <= 1], 'weight_decay': 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=training['learningRate'], fused=True)
    weights = [p for _, p in named]
    run = torch.compile(model) if setup.get('compile') else model
    run.c = model.c
    pictures = torch.rand(batch, c['channels'], *size) * 2 - 1
    labels = nn.functional.one_hot(torch.arange(batch) % c['classes'], c['classes']).float()

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
        noise = lambda purpose, i: torch.randn(batch, c['channels'], *size)
        with torch.inference_mode(), autocast():
            return rin.sample(run, config, labels, noise, 1 / 3)

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
    )
    trainer = GaussianDiffusion(model, train_prob_self_cond=diffusion['selfConditioningRate'])
    optimizer = torch.optim.AdamW(model.parameters(), lr=training['learningRate'], fused=True)
    pictures = torch.rand(batch, c['channels'], *size)

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
    answer(seconds=seconds, cpu=cpu, memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
