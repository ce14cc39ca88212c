# PyTorch's side of gentleness.mjs, written in the usual way. The protocol is in contestants.mjs; a step is an epoch.
import json
import resource
import sys
import time

import numpy
import torch
from torch import nn

setup = json.loads(sys.stdin.readline())
pictures, classes, side = setup['pictures'], setup['classes'], setup['side']
pixels = torch.from_numpy(numpy.fromfile(setup['path'], numpy.float32)).reshape(pictures, 1, side, side)
labels = torch.arange(pictures) % classes
network = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(32 * (side // 4) ** 2, classes),
)
optimizer = torch.optim.SGD(network.parameters(), lr=setup['learningRate'])


def epoch():
    for index in torch.randperm(pictures).split(setup['batch']):
        loss = nn.functional.cross_entropy(network(pixels[index]), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


epoch()
print(json.dumps({'parameters': sum(p.numel() for p in network.parameters()), 'version': torch.__version__}), flush=True)
for line in sys.stdin:
    seconds = []
    for _ in range(json.loads(line)['steps']):
        begin = time.perf_counter()
        epoch()
        seconds.append(time.perf_counter() - begin)
    with torch.no_grad():
        right = (network(pixels).argmax(1) == labels).float().mean().item()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({'seconds': seconds, 'right': right, 'memory': memory}), flush=True)
