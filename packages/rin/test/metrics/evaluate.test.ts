import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Dataset } from '../../src/data/dataset.js';
import { datasetFromSamples } from '../../src/data/samples.js';
import type { Model } from '../../src/diffusion/modelFile.js';
import { sample } from '../../src/diffusion/sample.js';
import { type EvaluateOptions, evaluate, evaluateAmong } from '../../src/metrics/evaluate.js';
import type { Evaluation } from '../../src/metrics/evaluation.js';
import { frechetDistance } from '../../src/metrics/frechet.js';
import { momentsOf } from '../../src/metrics/moments.js';
import { livelyNetwork } from '../diffusion/training.js';
import { dieAt } from '../disk/dying.js';
import { clipModel, freshFolder, samples, tiny } from '../training/tiny.js';
import { together } from '../training/together.js';
import { standIn } from './standIn.js';

process.env.RIN_DATA_CACHE = freshFolder();

const config = tiny();
const model: Model = { config, classes: ['0', '1'], meanSquare: 0.3, network: livelyNetwork(config) };
const data = await datasetFromSamples(samples, [1, 8, 8]);

const withoutTime = ({ time: _, ...rest }: Evaluation) => rest;
const usual = (over: Partial<EvaluateOptions> = {}): EvaluateOptions => ({
  reference: data,
  detector: standIn(),
  count: 20,
  batch: 8,
  ...over,
});

test('the figures of a model are those of its samples: as many of each class as in the data, seeds in order', async () => {
  const detector = standIn();
  const { figures, protocol, subject } = await evaluate(model, usual({ detector, steps: 3 }));
  assert.deepEqual(
    figures.map(({ name }) => name),
    [...['KID-StandIn', 'FD-StandIn', 'IS-StandIn', 'precision', 'recall', 'density', 'coverage']],
  );
  assert.deepEqual(detector.seen, [12, 8, 8, 4], 'the reference in one block, then each sample once');
  const { count, sampling, reference, medium, quantised } = protocol;
  assert.deepEqual({ count, medium, quantised }, { count: 20, medium: 'picture', quantised: 'uint8' });
  assert.equal(sampling?.seeds, '0-19');
  assert.equal(sampling?.steps, 3);
  assert.equal(sampling?.classes, 'as frequent as in the reference');
  assert.deepEqual(reference.count, 12);
  assert.equal(reference.digest, data.fingerprint);
  assert.equal(subject.average, 'average');

  // The classes are a secret of the order, but ten of each.
  const classes = await classesDrawn();
  assert.deepEqual(
    classes.map((label) => classes.filter((each) => each === label).length),
    new Array(20).fill(10),
  );
  const drawn = await sample(model, { seeds: [...Array(20).keys()], classes, steps: 3, batch: 8 });
  const features = (images: readonly Uint8Array[]) => ({
    count: images.length,
    width: 5,
    values: standIn().extract(images, [1, 8, 8]).features,
  });
  const [a, b] = [drawn.map((image) => image.data), samples.map(({ pixels }) => pixels)].map((each) =>
    momentsOf(features(each)),
  );
  assert.equal(figures[1].value, frechetDistance(a, b));
});

test('a reference that another process measures at the same time, and clears away first, is measured all the same', async () => {
  const cache = join(process.env.RIN_DATA_CACHE ?? '', 'references');
  const other = await datasetFromSamples(samples.slice(2), [1, 8, 8]);
  let removed = 0;
  const { figures } = await evaluate(model, {
    ...usual({ reference: other }),
    onProgress: ({ stage }) => {
      for (const name of stage === 'reference' ? readdirSync(cache) : []) {
        if (!name.endsWith('.work')) continue;
        rmSync(join(cache, name), { recursive: true });
        removed++;
      }
    },
  });
  assert.ok(removed > 0);
  assert.deepEqual(figures, (await evaluate(model, usual({ reference: other }))).figures);
});

/** The class of each of the 20 samples. */
async function classesDrawn(): Promise<number[]> {
  const { modelSource } = await import('../../src/metrics/modelSource.js');
  const asked: number[] = [];
  const told: Dataset = {
    ...data,
    classes: data.classes,
    length: data.length,
    label: (index) => asked.push(index) && index % 2,
    read: data.read.bind(data),
    close() {},
  };
  const { source } = modelSource({ ...model }, { sampling: config.sampling, seeds: [...Array(20).keys()], data: told });
  await source.read(0, 20, () => {});
  const places = asked.filter((_, i) => i % 2 === 0);
  return places.map((index) => index % 2);
}

test('samples of the data themselves are at distance 0 from them', async () => {
  const { figures, protocol } = await evaluate(data, { reference: data, detector: standIn() });
  const by = Object.fromEntries(figures.map(({ metric, value }) => [metric, value]));
  assert.ok(Math.abs(by.frechet) < 1e-12);
  assert.ok(by.kernel < 0, 'unbiased, so below 0 for equal sets');
  assert.deepEqual([by.precision, by.recall, by.coverage], [1, 1, 1]);
  assert.equal(protocol.sampling, null);
});

test('an evaluation that is killed at any write goes on where it was, to the same digits', async () => {
  const whole = withoutTime(await evaluate(model, usual()));
  const before = process.env.RIN_DATA_CACHE;
  for (let n = 1; ; n++) {
    const folder = freshFolder();
    process.env.RIN_DATA_CACHE = freshFolder();
    const killed = await dieAt(n, () => evaluate(model, usual({ folder })));
    const detector = standIn();
    assert.deepEqual(withoutTime(await evaluate(model, usual({ folder, detector }))), whole, `killed at write ${n}`);
    if (!killed) {
      assert.deepEqual(detector.seen, [], 'finished blocks are not measured again');
      break;
    }
    assert.ok(n < 100);
  }
  process.env.RIN_DATA_CACHE = before;
});

test('a stopped evaluation keeps its finished blocks; a damaged block is drawn again', async () => {
  const folder = freshFolder();
  const whole = withoutTime(await evaluate(model, usual()));
  const stop = new AbortController();
  const onProgress: EvaluateOptions['onProgress'] = ({ stage, done }) => {
    if (stage === 'samples' && done > 8) stop.abort(new Error('enough'));
  };
  await assert.rejects(evaluate(model, usual({ folder, signal: stop.signal, onProgress })), /enough/);
  const [work] = readdirSync(folder);
  assert.match(work, /^evaluation-[0-9a-f]{12}$/);
  const blocks = () => readdirSync(join(folder, work)).filter((name) => name.endsWith('.features'));
  assert.deepEqual(blocks(), ['00000000.features']);
  const path = join(folder, work, '00000000.features');
  const bytes = readFileSync(path);
  bytes[100] ^= 1;
  writeFileSync(path, bytes);
  const detector = standIn();
  assert.deepEqual(withoutTime(await evaluate(model, usual({ folder, detector }))), whole);
  assert.deepEqual(detector.seen, [8, 8, 4]);
});

test('a stop keeps the blocks that other ranks have finished, and another number of ranks goes on', async () => {
  const folder = freshFolder();
  const whole = withoutTime(await evaluate(model, usual({ batch: 2 })));
  const stop = new AbortController();
  const onProgress: EvaluateOptions['onProgress'] = ({ stage, done }) => {
    if (stage === 'samples' && done > 6) stop.abort(new Error('enough'));
  };
  const stopped = together(3).map((ranks) =>
    evaluateAmong(
      ranks,
      model,
      usual({ batch: 2, folder, ...(ranks.rank === 1 && { signal: stop.signal, onProgress }) }),
    ),
  );
  const ends = await Promise.allSettled(stopped);
  assert.deepEqual(
    ends.map((end) => end.status === 'rejected' && end.reason.message),
    ['another process was stopped', 'enough', 'another process was stopped'],
  );
  const [work] = readdirSync(folder);
  const blocks = readdirSync(join(folder, work)).filter((name) => name.endsWith('.features'));
  assert.deepEqual(
    blocks.map((name) => Number.parseInt(name, 10)),
    [0, 2, 4, 6, 10],
    'all of the first round; of the second one not that of rank 1',
  );
  const detectors = [standIn(), standIn()];
  const [first, second] = await Promise.all(
    together(2).map((ranks, i) => evaluateAmong(ranks, model, usual({ batch: 2, folder, detector: detectors[i] }))),
  );
  assert.deepEqual(first && withoutTime(first), whole);
  assert.equal(second, undefined);
  assert.deepEqual(
    detectors.map(({ seen }) => seen.length),
    [3, 2],
  );
});

test('ranks that evaluate different things say so', async () => {
  const [first, second] = together(2);
  const other = { ...model, network: livelyNetwork(config, 2) };
  const ends = await Promise.allSettled([
    evaluateAmong(first, model, usual()),
    evaluateAmong(second, other, usual()).catch(async (error) => {
      await second.giveUp(error); // as the command does; else rank 0 waits
      throw error;
    }),
  ]);
  for (const end of ends) {
    assert.equal(end.status, 'rejected');
    assert.match(
      String(end.status === 'rejected' && end.reason),
      /rank 1 evaluates something else than rank 0 \(samples\); start all with the same command/,
    );
  }
});

test('other weights, seeds, steps or data have work of their own', async () => {
  const folder = freshFolder();
  await evaluate({ ...model, network: livelyNetwork(config, 2) }, usual({ folder }));
  for (const over of [{}, { steps: 3 }, { count: undefined, seeds: [5, 6, 7, 8, 9, 10, 11] }, { part: 'half' }])
    await evaluate(model, usual({ folder, ...over }));
  assert.equal(readdirSync(folder).length, 5);
});

test('clips are measured by a detector of clips', async () => {
  const clipConfig = tiny(clipModel);
  const ofClips = { ...model, config: clipConfig, network: livelyNetwork(clipConfig) };
  const reference = await datasetFromSamples(samples, [1, 4, 4, 4]);
  const detector = standIn({ medium: 'clip', figures: { frechet: 'FVD', kernel: 'KVD' }, classes: 0, name: 'i3d' });
  const { figures } = await evaluate(ofClips, { reference, detector, count: 8 });
  assert.deepEqual(
    figures.map(({ name }) => name),
    ['KVD', 'FVD', 'precision', 'recall', 'density', 'coverage'],
  );
});

test('what cannot be evaluated is refused before anything is drawn', async () => {
  const small = await datasetFromSamples(samples.slice(0, 3), [1, 8, 8]);
  const flat = await datasetFromSamples(samples, [1, 4, 16]);
  const clips = await datasetFromSamples(samples, [1, 4, 4, 4]);
  const sounds = await datasetFromSamples(samples, [1, 64]);
  const refused: [RegExp, Model | Dataset, Partial<EvaluateOptions>][] = [
    [/kernel needs at least 2 samples, and there is 1; raise their number/, model, { count: 1 }],
    [/precision needs at least 4 samples, and there are 3/, model, { count: 3 }],
    [
      /precision needs at least 4 samples of the reference, which has 3 samples; use more data/,
      model,
      { reference: small },
    ],
    [/samples: its samples are \[1, 4, 16\], but those to evaluate are \[1, 8, 8\]/, model, { reference: flat }],
    [/efficientnet-lite0 is a detector of pictures, but the samples are clips/, clips, { reference: clips }],
    [/there is no detector for sounds/, sounds, { reference: sounds }],
    [
      /score cannot be measured: efficientnet-lite0 sees no classes/,
      model,
      { detector: standIn({ classes: 0 }), metrics: ['score'] },
    ],
    [/seeds and count both say what to draw/, model, { seeds: [1, 2] }],
    [/steps: nothing is drawn, because the samples are there already/, data, { steps: 3 }],
    [/count 0: expected a whole number, at least 1/, model, { count: 0 }],
    [/fid is not a metric; expected some of kernel, frechet/, model, { metrics: ['fid' as 'frechet'] }],
    [/no metric is named/, model, { metrics: [] }],
  ];
  for (const [message, subject, over] of refused) {
    const detector = standIn();
    const options = { ...usual({ detector, ...('network' in subject ? {} : { count: undefined }) }), ...over };
    await assert.rejects(evaluate(subject, options), (error: Error) => {
      assert.match(error.message, message);
      return error.name === 'RinError';
    });
    assert.deepEqual(detector.seen, []);
  }
});

test('the Fréchet distance comes first from 10,000 samples on, and a note says when features are more than samples', async () => {
  const { metricsFor } = await import('../../src/metrics/figures.js');
  const order = (count: number) => metricsFor(standIn(), { count, referenceCount: 50_000, hasFeatures: true })[0];
  assert.deepEqual([order(9_999), order(10_000)], ['kernel', 'frechet']);
  assert.deepEqual((await evaluate(model, usual())).notes, []);
  const { notes } = await evaluate(data, {
    reference: data,
    detector: standIn({ features: 5, name: 'inception' }),
    count: 4,
    metrics: ['kernel'],
  });
  assert.match(notes[0], /^4 samples are fewer than the 5 features, so the Fréchet distance is far too large/);
});
