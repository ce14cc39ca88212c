import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../src/config/config.js';
import { type Duration, imagesOf } from '../../src/config/duration.js';
import { parseConfig } from '../../src/config/parse.js';
import { fromYaml, toYaml } from '../../src/config/yaml.js';

const configOf = (training: object): Config => parseConfig({ model: { size: 64, patch: 8 }, training }, 'it');

test('a duration is a number of images, or a share of the run that is kept', () => {
  const { warmup, logEvery, sampleEvery, checkpointEvery } = configOf({
    ...{ images: '38k', warmup: '2%', logEvery: '1.5k', sampleEvery: '12.50%', checkpointEvery: '100%' },
  }).training;
  assert.deepEqual([warmup, logEvery, sampleEvery, checkpointEvery], ['2%', 1500, '12.5%', '100%']);
});

test('a share is rounded up to whole images, so it is never 0 and a quarter never comes five times', () => {
  const found = (duration: Duration, images: number) => imagesOf(duration, { images });
  assert.equal(found('2%', 38_000), 760);
  assert.equal(found('25%', 10_001), 2501);
  assert.equal(found('2%', 5), 1);
  assert.equal(found('100%', 7), 7);
  assert.equal(found('0.0001%', 3_000_000), 3);
  assert.equal(found(300, 5), 300);
  // 0.07 · 100 is 7.000000000000001 in float64; 7% of 100 is 7.
  for (let percent = 1; percent <= 100; percent++)
    for (const hundreds of [1, 3, 25, 380]) assert.equal(found(`${percent}%`, 100 * hundreds), percent * hundreds);
});

test('a share that is none is refused in one sentence', () => {
  const complaint = (training: object): string => {
    try {
      configOf(training);
      return '';
    } catch (error) {
      return String(error);
    }
  };
  const share = 'or a share of the run such as 2%, above 0% and at most 100%, with at most 4 decimals';
  const images = 'expected a number of images such as 5000, 200k or 1.5M';
  for (const value of ['0%', '0.0%', '120%', '100.1%', '2 %', '%', '-2%', '2%%', '1e1%', '2k%', '0.00001%'])
    assert.equal(
      complaint({ warmup: value }),
      `ConfigError: it: training.warmup is ${JSON.stringify(value)}; ${images}, ${share}`,
    );
  for (const value of [0, -1, 1.5, '', null])
    assert.equal(
      complaint({ logEvery: value }),
      `ConfigError: it: training.logEvery is ${JSON.stringify(value)}; ${images}, at least 1, ${share}`,
    );
  assert.equal(complaint({ warmup: 0, sampleEvery: 0 }), '');
  assert.match(complaint({ images: '2%' }), /training\.images is "2%"; expected a number of images/);
  assert.equal(
    complaint({ images: '1k', warmup: '100%' }),
    'ConfigError: it: training.warmup 100% (1000 images) is not below training.images 1000, the length of the run; both count images',
  );
});

test('the printed configuration tells share and images, and is read back as the share', () => {
  const config = configOf({ images: '38k', warmup: '2%', sampleEvery: 0, logEvery: 500 });
  const text = toYaml(config);
  assert.match(text, /^ {2}warmup: 2% # 760 images$/m);
  assert.match(text, /^ {2}checkpointEvery: 10% # 3,800 images$/m);
  assert.match(text, /^ {2}logEvery: 500$/m);
  assert.match(text, /^ {2}sampleEvery: 0$/m);
  assert.deepEqual(parseConfig(fromYaml(text, 'it'), 'it'), config);
  assert.deepEqual(parseConfig(JSON.parse(JSON.stringify(config)), 'it'), config);
});
