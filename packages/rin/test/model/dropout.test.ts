import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualSeed, noGrad, setThreads, type Tensor, tensor } from '@rin/torch';
import { Compute, ReadWrite } from '../../src/model/attention.js';
import { near, nearAll } from './reference/near.js';

// What is random in a training pass: the compute layers' dropout, drop-path and dropout of attention.

setThreads(1);
manualSeed(1);

const [batch, tokens, dim] = [400, 4, 8];
const none = { dropout: 0, dropPath: 0, attentionDropout: 0 };
const rate = 0.3;
const x = tensor(
  Float32Array.from({ length: batch * tokens * dim }, (_, i) => Math.sin(i * i)),
  [batch, tokens, dim],
);
const identity = tensor(Array.from({ length: dim }, (_, i) => Array.from({ length: dim }, (_, j) => Number(i === j))));

const numbers = (of: Tensor): number[] => Array.from(of.toTypedArray(), Number);

/** A compute layer whose attention says 1 everywhere and whose MLP gives back the GELU of its (normalised) input. */
function layer(rates: Partial<typeof none>): Compute {
  const made = new Compute(dim, 2, 1, { ...none, ...rates });
  noGrad(() => {
    for (const [name, parameter] of Object.entries(made.parameters())) {
      if (/norm\.weight|attention\.v\.bias/.test(name)) parameter.fill_(1);
      else if (/attention\.out\.weight|mlp\.(up|down)\.weight/.test(name)) parameter.copy_(identity);
      else parameter.zero_();
    }
  });
  return made;
}

/** What the two branches add in a training pass: to the whole, [B, n, d]. */
const added = (made: Compute, training = true): number[] => numbers(noGrad(() => made.forward(x, { training }).sub(x)));

const bound = (p: number, count: number) => 5 * Math.sqrt((p * (1 - p)) / count);

test('dropPath leaves out a branch for a whole sample, each by itself; what stays is divided by 1 − rate', () => {
  const made = layer({ dropPath: rate });
  noGrad(() => made.mlp.up.weight.zero_()); // the MLP adds GELU(1) = 0.8413 by its bias
  noGrad(() => made.mlp.up.bias?.fill_(1));
  const found = added(made);
  const gelu = 0.8413447460685429;
  const counts = [0, 0, 0, 0];
  for (let b = 0; b < batch; b++) {
    const one = found.slice(b * tokens * dim, (b + 1) * tokens * dim);
    const outcomes = [0, 1, gelu, 1 + gelu].map((sum) => sum / (1 - rate));
    const outcome = outcomes.findIndex((sum) => Math.abs(sum - one[0]) < 1e-5);
    assert.ok(outcome >= 0, `sample ${b} adds ${one[0]}`);
    nearAll(one, new Array<number>(one.length).fill(outcomes[outcome]), 1e-5, `sample ${b}`);
    counts[outcome]++;
  }
  for (const [i, p] of [rate ** 2, (1 - rate) * rate, rate * (1 - rate), (1 - rate) ** 2].entries()) {
    near(counts[i] / batch, p, bound(p, batch), `outcome ${i}`);
  }
});

test('dropout acts inside of the MLP, after its GELU, element by element', () => {
  const full = added(layer({}), false);
  const found = added(layer({ dropout: rate }));
  // attention adds 1, the MLP GELU of the normalised input: dropped, or divided by 1 − rate
  let dropped = 0;
  for (const [i, value] of found.entries()) {
    const kept = (full[i] - 1) / (1 - rate);
    if (Math.abs(value - 1) < 1e-5) dropped++;
    else near(value - 1, kept, 1e-5, `element ${i}`);
  }
  near(dropped / found.length, rate, bound(rate, found.length));
});

test('attentionDropout acts on the attention weights', () => {
  const made = layer({ attentionDropout: rate });
  noGrad(() => made.mlp.down.weight.zero_());
  // four equal weights of 1/4, each dropped or divided by 1 − rate: k of them are left
  const found = added(made).map((sum) => sum * 4 * (1 - rate));
  const counts = [0, 0, 0, 0, 0];
  for (const [i, kept] of found.entries()) {
    near(kept, Math.round(kept), 1e-4, `element ${i}`);
    if (i % (dim / 2) === 0) counts[Math.round(kept)]++; // one for each head
  }
  const draws = batch * tokens * 2;
  for (const [kept, ways] of [1, 4, 6, 4, 1].entries()) {
    const p = ways * (1 - rate) ** kept * rate ** (4 - kept);
    near(counts[kept] / draws, p, bound(p, draws), `${kept} kept`);
  }
});

test('outside of training nothing is random, and in read and write nothing ever is', () => {
  for (const rates of [{ dropout: rate }, { dropPath: rate }, { attentionDropout: rate }]) {
    assert.deepEqual(added(layer(rates), false), added(layer({}), false));
  }
  const cross = new ReadWrite(dim, dim, 2, 2, false);
  for (const parameter of Object.values(cross.parameters())) noGrad(() => parameter.fill_(0.1));
  const pass = (training: boolean) => numbers(noGrad(() => cross.forward(x, x, { training })));
  assert.deepEqual(pass(true), pass(false));
});
