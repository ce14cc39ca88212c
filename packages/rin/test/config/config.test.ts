import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, RinError, UsageError } from '@rin/core';
import { mergeConfig, nearestKey, parseConfig } from '../../src/config/parse.js';
import { fromYaml, toYaml } from '../../src/config/yaml.js';

const model = { size: 64, patch: 8 };

/** What `parseConfig` says about a configuration, without the file name; empty when it is valid. */
function complaint(value: unknown): string {
  try {
    parseConfig(value, 'config.yaml');
    return '';
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    const lines = error.message.split('\n');
    assert.ok(
      lines.every((line) => line.startsWith('config.yaml: ')),
      error.message,
    );
    return lines.map((line) => line.slice('config.yaml: '.length)).join('\n');
  }
}

const ofModel = (more: Record<string, unknown>) => complaint({ model: { ...model, ...more } });

test('size and patch are enough; all else has a default', () => {
  const config = parseConfig({ model }, 'config.yaml');
  assert.equal(config.model.latents, 128);
  assert.deepEqual(config.model.depth, [2, 2, 2]);
  assert.deepEqual(config.diffusion.schedule, { kind: 'sigmoid', start: -3, end: 3, tau: 0.9 });
  assert.deepEqual(config.sampling.schedule, { kind: 'cosine', start: 0, end: 1, tau: 1 });
  assert.deepEqual(config.training.ema, { kind: 'exponential', decay: 0.9999, rampUp: true });
});

test('numbers of images take k and M', () => {
  const images = (value: number | string) => parseConfig({ model, training: { images: value } }, '').training.images;
  assert.deepEqual(['200k', '1.5M', '60320', 7].map(images), [200_000, 1_500_000, 60_320, 7]);
  const expected = 'expected a number of images such as 5000, 200k or 1.5M, at least 1';
  for (const value of ['20q', '-5', '', 0, 1.5, '0.1']) {
    assert.equal(complaint({ model, training: { images: value } }).split('; ')[1], expected, String(value));
  }
});

test('an unknown key is an error that names the nearest known one', () => {
  assert.equal(ofModel({ latent: 3 }), 'model.latent is not a known key; did you mean model.latents?');
  assert.equal(ofModel({ latent_dim: 3 }), 'model.latent_dim is not a known key; did you mean model.latentDim?');
  assert.equal(complaint({ modell: model, model }), 'modell is not a known key; did you mean model?');
  assert.equal(complaint({ model, steps: 3 }), 'steps is not a known key; did you mean sampling.steps?');
  assert.equal(
    complaint({ model, diffusion: { dropout: 0.1 } }),
    'diffusion.dropout is not a known key; did you mean model.dropout?',
  );
  assert.equal(
    complaint({ model, diffusion: { schedule: { kind: 'sigmoid', tao: 1 } } }),
    'diffusion.schedule.tao is not a known key; did you mean diffusion.schedule.tau?',
  );
  assert.equal(
    complaint({ model, data: { xyzzyplugh: 1 } }),
    'data.xyzzyplugh is not a known key; known here: resize, frameRate, stride, sampleRate, flip, background',
  );
});

test('a wrong value is an error that says what was found and what is allowed, as a sentence', () => {
  const sizes = 'expected a whole number, at least 1, or a list of 1 to 3 whole numbers, each at least 1';
  for (const size of [0, -1, 1.5, 'x', [], [1, 2, 3, 4], [64, 0], null, true]) {
    assert.equal(complaint({ model: { size, patch: 8 } }), `model.size is ${JSON.stringify(size)}; ${sizes}`);
  }
  assert.equal(complaint({ model: { patch: 8 } }), `model.size is missing; ${sizes}`);
  assert.equal(
    ofModel({ depth: [2, -1] }),
    'model.depth is [2,-1]; expected a list of whole numbers such as [2, 2, 2]',
  );
  assert.equal(
    ofModel({ selfConditioning: 'latent' }),
    'model.selfConditioning is "latent"; expected none, latents, interface, both, data, latents+data, interface+data or both+data; did you mean latents?',
  );
  assert.equal(
    complaint({ model, seed: 1e20 }),
    'seed is 100000000000000000000; expected a whole number up to 2^53 - 1, at least 0',
  );
  assert.equal(ofModel({ dropout: 1 }), 'model.dropout is 1; expected a number, at least 0, below 1');
  assert.equal(ofModel({ dropout: Number.NaN }), 'model.dropout is NaN; expected a number, at least 0, below 1');
  assert.equal(ofModel({ decoupledRead: 'yes' }), 'model.decoupledRead is "yes"; expected true or false');
  assert.equal(
    complaint({ model, data: { background: 'white' } }),
    'data.background is "white"; expected a colour such as #ffffff',
  );
  assert.equal(
    complaint({ model, diffusion: { inputScale: 5 } }),
    'diffusion.inputScale is 5; expected a number, above 0, at most 4',
  );
  assert.equal(complaint({ model, diffusion: 3 }).split(';')[0], 'diffusion is 3');
  assert.equal(complaint(null), 'found null; expected a section with keys such as name, seed, source');
});

test('a choice by kind is explained by its kinds, and then by the keys of the kind', () => {
  const ofSchedule = (schedule: unknown) => complaint({ model, diffusion: { schedule } });
  const kinds = 'expected sigmoid, cosine, cosine-nichol, linear or log';
  assert.equal(ofSchedule({ kind: 'sigmod' }), `diffusion.schedule.kind is "sigmod"; ${kinds}; did you mean sigmoid?`);
  assert.equal(ofSchedule({ tau: 1 }), `diffusion.schedule.kind is missing; ${kinds}`);
  assert.match(
    ofSchedule('cosine'),
    /^diffusion\.schedule is "cosine"; expected \{ kind: … \} with kind sigmoid, cosine,/,
  );
  assert.equal(ofSchedule({ kind: 'cosine', start: -3 }), 'diffusion.schedule.start is -3; expected a number, 0 to 1');
  assert.match(
    ofSchedule({ kind: 'linear', tau: 1 }),
    /^diffusion\.schedule\.tau is a key of sigmoid or cosine, not of linear/,
  );
});

test('every problem is told at once, one line each', () => {
  const all = complaint({ model: { size: 0, patch: 8, latent: 3 }, training: { batch: 0 } });
  assert.equal(all.split('\n').length, 3);
});

test('a patch must divide the size, and the ones that do are listed', () => {
  assert.equal(
    ofModel({ patch: 12 }),
    'model.patch 12 does not divide the image size 64; use the patch 1, 2, 4, 8, 16, 32 or 64, or the image size 60',
  );
  assert.equal(
    ofModel({ size: [48, 64], patch: 6 }),
    'model.patch 6 does not divide the image size 48 x 64; use the patch 1, 2, 4, 8 or 16, or the image size 48 x 60',
  );
  assert.equal(ofModel({ size: [100], patch: 3 }).split(';')[0], 'model.patch 3 does not divide the length 100');
  assert.equal(ofModel({ size: [7, 64, 64], patch: 8 }), '');
  assert.equal(
    ofModel({ size: [16, 64, 64], patch: [3, 4, 4] }),
    'model.patch [3,4,4]: 3 does not divide the 16 of model.size [16,64,64]; use 1, 2, 4, 8 or 16',
  );
  assert.equal(
    ofModel({ size: 64, patch: [4, 4, 4] }),
    'model.patch has 3 numbers and model.size 2; give one number, or one for each axis',
  );
});

test('given frames are some of the frames of a clip, whose slices need not be whole then', () => {
  assert.equal(ofModel({ size: [16, 64, 64], patch: [3, 4, 4], givenFrames: 5 }), '');
  assert.equal(
    ofModel({ size: [16, 64, 64], patch: [3, 5, 4], givenFrames: 5 }),
    'model.patch [3,5,4]: 5 does not divide the 64 of model.size [16,64,64]; use 1, 2, 4, 8, 16, 32 or 64',
  );
  assert.equal(
    ofModel({ size: [16, 64, 64], patch: 4, givenFrames: 16 }),
    'model.givenFrames 16 leaves no frame to predict of the 16 of model.size [16,64,64]; use at most 15',
  );
  assert.equal(
    ofModel({ size: 64, patch: 4, givenFrames: 5 }),
    'model.givenFrames 5 needs clips; set model.size to [frames, height, width], or givenFrames to 0',
  );
});

// [what is wrong, the keys that are set, the beginning of the only message]
const crossed: [string, Record<string, Record<string, unknown>>, string][] = [
  [
    'heads and latents',
    { model: { latentHeads: 7 } },
    'model.latentHeads 7 does not divide model.latentDim 512; use 1, 2, 4',
  ],
  [
    'read and write heads',
    { model: { latentDim: 96, latentHeads: 8, readWriteHeads: 64 } },
    'model.readWriteHeads 64 does not divide 96, the smaller of',
  ],
  [
    'classes and sequences',
    { model: { classes: 10, conditionDim: 5, conditionTokens: 2 } },
    'model.classes 10 and model.conditionDim 5 exclude',
  ],
  [
    'a sequence without length',
    { model: { conditionDim: 5 } },
    'model.conditionDim 5 and model.conditionTokens 0 belong together',
  ],
  [
    'a length without sequence',
    { model: { conditionTokens: 5 } },
    'model.conditionDim 0 and model.conditionTokens 5 belong together',
  ],
  [
    'no learned latents',
    { model: { latents: 2, classes: 3 } },
    'model.latents 2 leaves no learned latent after the 2 time',
  ],
  [
    'a time code without pairs',
    { model: { latentDim: 260, latentHeads: 4 } },
    'model.latentDim is 260; expected a multiple of 8',
  ],
  [
    'a time code on the interface',
    { model: { interfaceDim: 252, readWriteHeads: 4, timeOn: 'interface' } },
    'model.interfaceDim is 252; expected a multiple of 8',
  ],
  [
    'a 2-D code without pairs',
    { model: { interfaceDim: 258, readWriteHeads: 2, interfacePosition: 'sinCos' } },
    'model.interfaceDim is 258; expected a multiple of 4',
  ],
  [
    'a broken hidden width',
    { model: { interfaceMlpRatio: 0.3 } },
    'model.interfaceMlpRatio 0.3 times model.interfaceDim 256 is',
  ],
  ['no compute layer', { model: { depth: [0, 0] } }, 'model.depth [0,0] has no compute layer'],
  ['nothing to read apart', { model: { decoupledRead: true } }, 'model.decoupledRead has nothing to read'],
  ['an even window', { model: { convolutionKernel: 4 } }, 'model.convolutionKernel 4 has no centre'],
  [
    'groups of a norm',
    { model: { convolutionKernel: 3, interfaceDim: 200 } },
    'model.interfaceDim 200 cannot be split into',
  ],
  [
    'an interval without a level',
    { sampling: { guidanceFrom: 0.6, guidanceTo: 0.5 } },
    'sampling.guidanceFrom 0.6 is above sampling.guidanceTo 0.5, so that no step is guided',
  ],
  [
    'a rate without the path',
    { model: { selfConditioning: 'none' } },
    'diffusion.selfConditioningRate 0.9 needs model.selfConditioning',
  ],
  [
    'a path without width',
    { model: { selfConditioning: 'both', interfaceMlpRatio: 0 } },
    'model.selfConditioning both uses an MLP of ratio model.interfaceMlpRatio, which is 0; use a ratio above 0, or selfConditioning latents',
  ],
  [
    'such a path beside the data',
    { model: { selfConditioning: 'interface+data', interfaceMlpRatio: 0 } },
    'model.selfConditioning interface+data uses an MLP of ratio model.interfaceMlpRatio, which is 0; use a ratio above 0, or selfConditioning latents+data',
  ],
  [
    'ends of a schedule',
    { sampling: { schedule: { kind: 'cosine', start: 0.5, end: 0.2 } } },
    'sampling.schedule.start 0.5 is not below sampling.schedule.end 0.2',
  ],
  [
    'a schedule without change',
    { diffusion: { schedule: { kind: 'sigmoid', start: 800, end: 900, tau: 1 } } },
    'diffusion.schedule {"kind":"sigmoid","start":800',
  ],
  [
    'micro-batches',
    { training: { batch: 10, microBatch: 3 } },
    'training.microBatch 3 does not divide training.batch 10; use 1, 2, 5 or 10',
  ],
  [
    'a micro-batch too large',
    { training: { batch: 10, microBatch: 20 } },
    'training.microBatch 20 does not divide training.batch 10',
  ],
  [
    'an endless warm-up',
    { training: { images: '1k', warmup: 1000 } },
    'training.warmup 1000 is not below training.images 1000',
  ],
];

for (const [what, sections, beginning] of crossed) {
  test(`keys that do not fit together are refused by name: ${what}`, () => {
    const found = complaint({ ...sections, model: { ...model, ...sections.model } });
    assert.ok(found.startsWith(beginning), found);
    assert.equal(found.split('\n').length, 1, found);
  });
}

test('unusual configurations that do fit together pass', () => {
  for (const more of [
    { depth: [0, 2] },
    { conditionDim: 7, conditionTokens: 3, conditionOn: 'interface', decoupledRead: true },
    { timeOn: 'interfaceWritable', latents: 1, interfaceMlpRatio: 0 },
    { interfaceDim: 36, readWriteHeads: 4, convolutionKernel: 3 },
    { size: [64], patch: 8, interfacePosition: 'sinCosPlusLearned', interfaceDim: 254, readWriteHeads: 2 },
    { size: [16, 64, 64], patch: [2, 4, 4] },
    { interfaceMlpRatio: 0.5, latentMlpRatio: 2.5 },
  ]) {
    assert.equal(ofModel(more), '', JSON.stringify(more));
  }
});

test('a later configuration wins key by key, and a new kind brings its own defaults', () => {
  const base = { model, diffusion: { schedule: { kind: 'sigmoid', start: -3, end: 3 }, loss: 'x' } };
  assert.deepEqual(mergeConfig(base, { model: { patch: 4 }, diffusion: { schedule: { tau: 1.1 } } }), {
    model: { size: 64, patch: 4 },
    diffusion: { schedule: { kind: 'sigmoid', start: -3, end: 3, tau: 1.1 }, loss: 'x' },
  });
  const merged = mergeConfig(base, { diffusion: { schedule: { kind: 'cosine' } } });
  assert.deepEqual(parseConfig(merged, '').diffusion.schedule, { kind: 'cosine', start: 0, end: 1, tau: 1 });
  assert.deepEqual(mergeConfig({ model: { depth: [1, 1, 1] } }, { model: { depth: [2] } }), { model: { depth: [2] } });
});

test('a resolved configuration survives YAML and JSON, and resolves to itself', () => {
  const config = parseConfig(
    { name: 'a-1', source: 'emoji', model: { ...model, depth: [1, 2] }, training: { learningRate: 1e-7 } },
    '',
  );
  assert.deepEqual(parseConfig(fromYaml(toYaml(config), 'config.yaml'), 'config.yaml'), config);
  assert.deepEqual(parseConfig(JSON.parse(JSON.stringify(config)), ''), config);
  assert.match(toYaml(config), /depth: \[1, 2\]\n/);
});

test('YAML that cannot be read says where; an empty file is an empty configuration', () => {
  assert.throws(() => fromYaml('a: [1', 'my.yaml'), {
    name: 'ConfigError',
    message: /^my\.yaml: .* at line 1, column \d+$/,
  });
  assert.throws(
    () => fromYaml('a: 1\na: 2', 'my.yaml'),
    /^ConfigError: my\.yaml: Map keys must be unique at line 2, column 1$/,
  );
  assert.throws(
    () => fromYaml('source: *.tar', 'my.yaml'),
    /^ConfigError: my\.yaml: .*alias.*; put text .* in quotes$/,
  );
  assert.deepEqual(fromYaml('# nothing\n', 'my.yaml'), {});
});

test('errors are told apart by class', () => {
  assert.ok(new ConfigError('x') instanceof RinError && new UsageError('x') instanceof RinError);
  assert.equal(String(new UsageError('what')), 'UsageError: what');
});

test('nearestKey finds keys by spelling, section and alias', () => {
  assert.equal(nearestKey('training.lr'), 'training.learningRate');
  assert.equal(nearestKey('model.schedule'), 'diffusion.schedule');
  assert.equal(nearestKey('qqqqqq'), undefined);
});

test('a configuration as YAML is safe to print, and reads back to the same', () => {
  for (const source of ['a\x1b[2J', 'b\x9b', 'c\u202egpj', 'd\x7f \'quoted\' "twice"', 'e\nf\tg', 'plain ü']) {
    const config = parseConfig({ model, source }, '');
    const text = toYaml(config);
    assert.doesNotMatch(text, /(?![\n\t])[\p{Cc}\u2028-\u202e]/u);
    assert.deepEqual(parseConfig(fromYaml(text, ''), ''), config);
  }
});
