import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imagesOf } from '../../src/config/duration.js';
import { loadPreset, presetNames } from '../../src/training/presets.js';
import { planPreviews, previewLine } from '../../src/training/previewPlan.js';
import { Remaining } from '../../src/training/remaining.js';
import { tiny } from './tiny.js';

const ample = { images: 1e9, sampleEvery: 1e8 };

/** The plan of a configuration that has previews. */
function planOf(over: object) {
  const plan = planPreviews(tiny(over));
  assert.ok(plan);
  return plan;
}

test('a preview shows every class up to 16, else 16 that are spread evenly, in rows of one class and at most 64 pictures', () => {
  for (let classes = 1; classes <= 1000; classes += classes < 40 ? 1 : 96) {
    const { layout } = planOf({ model: { classes }, training: ample });
    const { columns } = layout;
    const rows = [...new Set(layout.classes)];
    assert.equal(rows.length, Math.min(classes, 16), `${classes} classes`);
    assert.ok(layout.classes.length <= 64);
    assert.deepEqual(
      layout.classes,
      rows.flatMap((label) => new Array<number>(columns).fill(label)),
    );
    assert.deepEqual([rows[0], rows.at(-1)], [0, classes - 1]);
    const gaps = rows.slice(1).map((label, i) => label - rows[i]);
    if (gaps.length > 0) assert.ok(Math.max(...gaps) - Math.min(...gaps) <= 1 && Math.min(...gaps) >= 1, `${rows}`);
  }
  assert.deepEqual(planOf({ model: { classes: 0 }, training: ample }).layout, {
    columns: 8,
    classes: new Array<number>(64).fill(-1),
  });
});

test('the previews of a run, the last one included, take at most a tenth of the passes of training', () => {
  for (const classes of [0, 2, 10, 100])
    for (const guidance of [0, 1])
      for (const steps of [2, 100, 1000])
        for (const images of [20_000, 300_000, 1_000_000])
          for (const sampleEvery of [500, 30_000, 400_000]) {
            const over = { model: { classes }, training: { images, sampleEvery }, sampling: { steps, guidance } };
            const plan = planOf(over);
            // The updates after which a preview is due, counted one by one.
            let previews = 0;
            for (let seen = 8; ; seen += 8) {
              const isLast = seen >= images;
              if (isLast || Math.floor(seen / plan.every) > Math.floor((seen - 8) / plan.every)) previews++;
              if (isLast) break;
            }
            const passes = guidance > 0 && classes > 0 ? 2 : 1;
            const spent = previews * plan.layout.classes.length * plan.steps * passes;
            const trained = images * (0.9 + 1 + 2); // first pass at rate 0.9, forward pass, backward pass
            assert.ok(spent <= 0.1 * trained || plan.steps === 10, `${JSON.stringify(over)}: ${spent / trained}`);
            assert.ok(Math.abs(plan.share - spent / trained) < 1e-9);
            assert.equal(plan.number, previews);
            assert.ok(plan.steps >= Math.min(steps, 10) && plan.every % sampleEvery === 0);
            // What is asked for is not reduced without need.
            if (plan.steps < steps) assert.equal(previews, 1);
          }
});

test('the presets show what they ask for, and 10 classes are 10 rows', () => {
  for (const name of presetNames()) {
    const config = loadPreset(name);
    const plan = planPreviews(config);
    if (!plan) continue;
    const { training, sampling } = config;
    assert.deepEqual([plan.every, plan.steps], [imagesOf(training.sampleEvery, training), sampling.steps], name);
    const rows = Math.min(config.model.classes || 1, 16); // without classes, all pictures are of class -1
    assert.equal(new Set(plan.layout.classes).size, rows, name);
  }
});

test('a batch of a preview holds at most as many passes as a micro-batch has images', () => {
  const training = { ...ample, batch: 12, microBatch: 12 };
  for (const [guidance, most] of [
    [0, 12],
    [1, 6],
  ]) {
    const { batch, layout } = planOf({ training, sampling: { guidance } });
    assert.ok(batch <= most && Math.ceil(layout.classes.length / batch) === Math.ceil(layout.classes.length / most));
  }
});

test('the plan is told, with the classes that are shown and what is reduced', () => {
  const line = (over: object, names: string[] = []) => previewLine(planOf(over), tiny(over), names);
  assert.equal(
    line({ training: ample, sampling: { steps: 50 } }),
    'previews: 8 pictures of each class, every 100,000,000 images and at the end, in 50 steps; about 0.0002% of the passes of training',
  );
  const names = Array.from({ length: 31 }, (_, i) => `n${i}`);
  assert.match(
    line({ model: { classes: 31 }, training: ample }, names),
    /4 pictures of each of 16 of the 31 classes \(n0, n2, n4, .*, n30\), every/,
  );
  assert.match(
    line({ training: { images: 8000, sampleEvery: 800 }, sampling: { steps: 100 } }),
    /2 pictures of each class, every 1,600 images .*; fewer previews than training\.sampleEvery 800, because the run is short$/,
  );
  assert.match(
    line({ training: { images: 400, sampleEvery: 400 }, sampling: { steps: 100 } }),
    /at the end, in 39 steps; about 10% .*; fewer steps than sampling\.steps 100, because the run is short$/,
  );
  assert.match(line({ training: { images: 398, sampleEvery: 398 }, sampling: { steps: 100 } }), /; about 10% of/);
});

test('a short run keeps a step for each number of latents, so that its previews can be drawn', () => {
  const short = { images: 32, sampleEvery: 32 };
  for (const [sampling, steps] of [
    [{ latents: 4 }, 10],
    [{ latents: new Array(9).fill(4) }, 10],
    [{ latents: new Array(12).fill(4) }, 12],
    [{ latents: [4, 5], guidanceLatents: new Array(40).fill(4), guidance: 1 }, 40],
  ] as const) {
    const over = { model: { latents: 6 }, training: short, sampling: { steps: 40, ...sampling } };
    assert.equal(planOf(over).steps, steps);
    assert.doesNotThrow(() => tiny({ ...over, sampling: { ...over.sampling, steps } })); // as the preview is drawn
  }
});

test('the time left has the updates, the previews and the held-out losses that are still to come', () => {
  const config = tiny({
    training: { images: 80_000, sampleEvery: 20_000, logEvery: 8000, validation: 0.5 },
    sampling: { steps: 10 },
  });
  const previews = planPreviews(config);
  assert.ok(previews);
  const speed = 100; // images/s, so a pass takes 1 / 390 s
  const remaining = new Remaining(config, { previews, heldOut: 6 });
  const near = (found: number, expected: number) =>
    assert.ok(Math.abs(found - expected) < 1e-6, `${found}, ${expected}`);
  const preview = (2 * 8 * 10) / 390;
  const loss = (6 * 1.9) / 390;
  near(remaining.seconds(0, speed), 800 + 4 * preview + 10 * loss);
  near(remaining.seconds(60_000, speed), 200 + preview + 3 * loss);
});

test('a preview counts the evaluations of its sampler: heun needs two in each step but the last', () => {
  const passesOf = (sampler: string) => {
    const plan = planOf({ training: ample, sampling: { steps: 20, sampler, guidance: 0 } });
    return plan.passes / plan.layout.classes.length;
  };
  assert.deepEqual(['ddpm', 'dpm2mSde', 'heun'].map(passesOf), [20, 20, 39]);
});

test('a preview with guidance counts two passes in an evaluation, for classes and for sequences of embeddings', () => {
  for (const model of [{ classes: 2 }, { classes: 0, conditionTokens: 1, conditionDim: 2 }]) {
    const passesOf = (guidance: number) => {
      const plan = planOf({ model, training: ample, sampling: { steps: 20, sampler: 'ddim', guidance } });
      return plan.passes / plan.layout.classes.length;
    };
    assert.deepEqual([0, 1].map(passesOf), [20, 40]);
  }
});
