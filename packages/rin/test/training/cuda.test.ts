import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cudaAvailable } from '@rin/torch';
import { parseConfig } from '../../src/config/parse.js';
import { sample } from '../../src/diffusion/sample.js';
import type { Image } from '../../src/media/image.js';
import { RIN } from '../../src/model/rin.js';
import { Learner } from '../../src/training/learner.js';

const skip = !cudaAvailable() && 'no CUDA device here';

const kinds = ['adamw', 'lamb', 'muon'] as const;
type Kind = (typeof kinds)[number];

const configure = (kind: Kind) =>
  parseConfig(
    {
      model: {
        ...{ size: 8, patch: 2, classes: 3, latents: 6, latentDim: 32, latentHeads: 2 },
        ...{ interfaceDim: 16, readWriteHeads: 2, depth: [1, 1], zeroReadout: false },
      },
      training: { batch: 4, images: 40, optimizer: { kind }, learningRate: 1e-3, clipNorm: 1 },
      sampling: { steps: 4 },
    },
    'test',
  );

const batch = {
  pixels: Uint8Array.from({ length: 4 * 3 * 64 }, (_, i) => (i * 37) % 251),
  labels: Int32Array.from([0, 1, 2, 0]),
};

async function losses(kind: Kind, device: 'cpu' | 'cuda:0', dtype: 'float32' | 'bfloat16'): Promise<number[]> {
  using learner = new Learner(configure(kind), 1 / 3, { device, dtype });
  const found: number[] = [];
  for (let update = 0; update < 6; update++) found.push((await learner.update(batch, 4 * update, update)).loss);
  return found;
}

for (const kind of kinds) {
  test(`CUDA: training with ${kind} has the losses of the CPU`, { skip }, async () => {
    const here = await losses(kind, 'cpu', 'float32');
    const there = await losses(kind, 'cuda:0', 'float32');
    const half = await losses(kind, 'cuda:0', 'bfloat16');
    for (const [i, loss] of here.entries()) {
      assert.ok(Math.abs(there[i] - loss) < 1e-3 * loss, `update ${i}: ${there[i]}, on the CPU ${loss}`);
      assert.ok(Math.abs(half[i] - loss) < 5e-2 * loss, `update ${i} in bfloat16: ${half[i]}, on the CPU ${loss}`);
    }
  });
}

test('CUDA: a seed draws the picture of the CPU', { skip }, async () => {
  const config = configure('adamw');
  const draw = async (device: 'cpu' | 'cuda:0') => {
    const network = new RIN(config.model, { seed: 1 }).to(device);
    const found = await sample({ config, network, classes: ['a', 'b', 'c'], meanSquare: 1 / 3 }, { seeds: [0, 1] });
    return found.flatMap((image) => [...(image as Image).data]);
  };
  const [here, there] = [await draw('cpu'), await draw('cuda:0')];
  assert.equal(there.length, here.length);
  for (const [i, value] of here.entries()) assert.ok(Math.abs(value - there[i]) <= 1, `value ${i}`);
});
