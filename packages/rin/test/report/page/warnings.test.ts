import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type WarningFacts, warnings } from '../../../src/report/page/warnings.js';
import { tiny } from '../../training/tiny.js';

interface Made {
  readonly losses?: readonly number[];
  readonly heldOut?: readonly number[];
  readonly over?: object;
  readonly length?: number;
  readonly more?: Partial<WarningFacts>;
}

/** Facts of a finished run of 4,000 images with nothing unusual, and with lines at every 100 images. */
function facts({ losses = [], heldOut, over, length = 2000, more }: Made = {}): WarningFacts {
  return {
    state: 'finished',
    images: 4000,
    config: tiny({ training: { images: 4000, validation: heldOut ? 0.1 : 0, logEvery: 200, ...over } }),
    data: { name: 'dots', fingerprint: 'f', length, classes: ['a', 'b'], skipped: [] },
    stats: losses.map((loss, i) => ({
      images: 100 * (i + 1),
      loss,
      ...(heldOut && { validationLoss: heldOut[i] }),
    })),
    written: new Date('2026-11-28T22:53:50Z'),
    ...more,
  };
}

/** A curve that falls to `low` at the share `at`, and then rises to `end`; with noise of the size `noise`. */
const curve = (low: number, at = 1, end = low, noise = 0): number[] =>
  Array.from({ length: 40 }, (_, i) => {
    const share = (i + 1) / 40;
    const smooth = share <= at ? low * (1 + 2 * (1 - share / at) ** 2) : low + ((end - low) * (share - at)) / (1 - at);
    return smooth + noise * Math.sin(37 * i * i); // as good as random
  });

const told = (made: Made = {}): string[] => warnings(facts(made));

test('a finished run with losses that fall has no warning', () => {
  assert.deepEqual(told(), []);
  assert.deepEqual(told({ losses: curve(0.05) }), []);
  assert.deepEqual(told({ losses: curve(0.05, 1, 0, 0.004), heldOut: curve(0.05, 1, 0, 0.0005) }), []);
});

test('an unfinished run is told with its images, whether it is running, interrupted or without a checkpoint', () => {
  const of = (state: 'running' | 'interrupted', images: number) => told({ more: { state, images } });
  assert.deepEqual(of('running', 1200), [
    'The run was still training when this page was made, at 1,200 of 4,000 images.',
  ]);
  assert.deepEqual(of('interrupted', 1200), [
    'The run is unfinished, at 1,200 of 4,000 images; it was last written at 2026-11-28 22:53 UTC. The same command resumes it.',
  ]);
  assert.match(of('interrupted', 0).join(), /has no checkpoint yet/);
});

test('a held-out loss that rises is told from the images of its minimum', () => {
  const [sentence, ...rest] = told({ losses: curve(0.05), heldOut: curve(0.05, 0.5, 0.0525) });
  assert.match(
    sentence,
    /^The held-out loss rises since about (1,900|2,000|2,100) images: 0\.05\d* there, 0\.052\d* at the end \([45]\.?\d*% more\)\.$/,
  );
  assert.deepEqual(rest, []);
});

test('a rise within the noise, of less than a hundredth, or in the last lines alone is not told', () => {
  const of = (heldOut: number[]) => told({ losses: curve(0.05), heldOut });
  assert.deepEqual(of(curve(0.05, 0.5, 0.0503)), []);
  assert.deepEqual(of(curve(0.05, 0.5, 0.052, 0.003)), []);
  assert.deepEqual(of(curve(0.05, 0.97, 0.054)), []);
  assert.notDeepEqual(of(curve(0.05, 0.5, 0.0525, 0.0001)), [], 'the noise is small here');
});

test('a loss in training that rises again by half is told, and noise is not', () => {
  assert.deepEqual(told({ losses: curve(0.05, 0.5, 0.2) }), [
    'The loss in training rose again: 0.0504 around 1,900 images, 0.193 at the end.',
  ]);
  assert.deepEqual(told({ losses: curve(0.05, 0.9, 0.06, 0.01) }), []);
  assert.deepEqual(told({ losses: [0.3, 0.1, 0.4] }), [], 'three lines are no trend');
});

test('a value that is not finite is told', () => {
  const diverged = { what: "gradient's norm", value: 'Infinity', images: 1234 };
  const more = { state: 'interrupted', images: 1000, diverged } as const;
  assert.equal(told({ more })[1], "The gradient's norm became Infinity after 1,234 images, which ended the training.");
});

test('a loss in training far below the held-out loss is told', () => {
  const [sentence, ...rest] = told({ losses: curve(0.03), heldOut: curve(0.05) });
  assert.equal(
    sentence,
    'The loss in training is 40% below the held-out loss at the end (0.0301 against 0.0502): the network knows the pictures that it trains on.',
  );
  assert.deepEqual(rest, []);
  assert.deepEqual(told({ losses: curve(0.045), heldOut: curve(0.05) }), []);
});

test('a held-out loss over few samples is told, and nothing else about it', () => {
  assert.deepEqual(told({ losses: curve(0.03), heldOut: curve(0.05, 0.5, 0.06), length: 40 }).length, 1);
  assert.deepEqual(told({ losses: curve(0.05), heldOut: curve(0.05), length: 40 }), [
    'The held-out loss is a mean over only 4 pictures, so it says little.',
  ]);
  assert.match(told({ losses: curve(0.05), heldOut: curve(0.05), length: 10 }).join(), /is the loss of one picture/);
});

test('pictures that were seen hundreds of times or not at all are told, but not those of a formula', () => {
  assert.deepEqual(told({ length: 20 }), [
    'Each picture was seen 200 times and none is held out, so memorising would not show in the losses.',
  ]);
  assert.deepEqual(told({ length: 5000 }), [
    'The run saw 4,000 images of 5,000, so 20% of the pictures were never used.',
  ]);
  const source = facts({ length: 5000 });
  assert.deepEqual(warnings({ ...source, config: { ...source.config, source: 'bouncing' } }), []);
});

test('skipped files are told with one of them and its reason', () => {
  const of = (...names: string[]) => {
    const { data } = facts();
    return told({ more: { data: { ...data, skipped: names.map((name) => ({ name, reason: 'it is cut short' })) } } });
  };
  assert.deepEqual(of('a.png'), ['One file was skipped: a.png (it is cut short).']);
  assert.deepEqual(of('a.png', 'b.png'), ['2 files were skipped, such as a.png (it is cut short).']);
});
