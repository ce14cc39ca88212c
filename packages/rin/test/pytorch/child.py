"""
Answers questions with examples/pytorch/rin.py: python child.py PATH-OF-RIN.PY FOLDER. FOLDER/cases.json lists them as
{ name, task, … }; NAME.model.safetensors and NAME.given.safetensors ask, NAME.answer.safetensors answers in float64.
"""

import copy
import importlib.util
import json
import struct
import sys
from types import SimpleNamespace

import torch

spec = importlib.util.spec_from_file_location('rin', sys.argv[1])
rin = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rin)


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return {f'gradient.{name}': p.grad for name, p in model.named_parameters() if p.grad is not None}


def forward(case, model, given, **_):
    """Outputs from zeros and from a previous pass, in both precisions, and the gradient of a sum with given weights."""
    answer = {}
    for dtype in (torch.float32, torch.float64):
        network, g = copy.deepcopy(model).to(dtype), {name: part.to(dtype) for name, part in given.items()}
        left = tuple(g[f'previous.{part}'] for part in ('latents', 'interface', 'data'))
        counts = [int(number) for number in g['counts']]
        for start, previous, latents in (('fewer', left, counts), ('cold', None, None), ('warm', left, None)):
            outputs = network(g['x'], g['gamma'], g.get('condition'), previous, g.get('given'), latents)
            outputs = dict(zip(('prediction', 'latents', 'interface'), outputs))
            answer |= {f'{dtype}.{start}.{part}'.removeprefix('torch.'): output for part, output in outputs.items()}
    return answer | gradients(network, sum((output * g[f'weights.{part}']).sum() for part, output in outputs.items()))


def loss(case, model, config, given, mean_square):
    draws = SimpleNamespace(
        t=given['t'],
        eps=given['eps'].float(),
        keep_estimate=given['keep_estimate'] > 0,
        keep_label=given['keep_label'] > 0,
        latents=[int(number) for number in given['counts']] if 'counts' in given else None,
    )
    x, condition = given['x'].float(), given['condition'].float()
    frames = given['given'].float() if 'given' in given else None
    value = rin.training_loss(model.train(), config['diffusion'], x, condition, draws, mean_square, frames)
    return {'loss': value} | gradients(model, value)


def sample(case, model, config, given, mean_square):
    shape = (config['model']['channels'], *model.predicted)
    noise = rin.philox_noise(case['seeds'], shape, case.get('section', 0))
    frames = given['given'].float() if 'given' in given else None
    x = rin.sample(model, config, given['condition'].float(), noise, mean_square, frames)
    return {'x': x, 'start': noise('start', 0), 'step': noise('step', 3)}


def initial(case, config, **_):
    return {name: parameter for name, parameter in rin.RIN(config['model']).named_parameters()}


def write(path, tensors):
    header, data = {}, b''
    for name, tensor in tensors.items():
        values = bytes(tensor.detach().double().contiguous().reshape(-1).view(torch.uint8).tolist())
        offsets = [len(data), len(data) + len(values)]
        header[name] = {'dtype': 'F64', 'shape': list(tensor.shape), 'data_offsets': offsets}
        data += values
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + data)


torch.set_num_threads(1)
torch.manual_seed(0)
with open(f'{sys.argv[2]}/cases.json') as file:
    cases = json.load(file)
for case in cases:
    path = f'{sys.argv[2]}/{case["name"]}'
    model, config, _, mean_square = rin.load(f'{path}.model.safetensors')
    given, _ = rin.read_safetensors(f'{path}.given.safetensors')
    task = {'forward': forward, 'loss': loss, 'sample': sample, 'initial': initial}[case['task']]
    answer = task(case=case, model=model, config=config, given=given, mean_square=mean_square)
    write(f'{path}.answer.safetensors', answer)
