import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import { encodeFrames } from '../../../src/media/clipFile.js';
import { encodePng } from '../../../src/media/png.js';
import { encodeWav } from '../../../src/media/wav.js';
import { runReport } from '../../../src/report/page/runReport.js';
import { clipModel, freshFolder, soundModel } from '../../training/tiny.js';
import { all, elementsOf, type Found } from './document.js';
import { madeRun } from './madeRun.js';

const stats = Array.from({ length: 12 }, (_, i) => ({
  images: 8 * (i + 1),
  loss: 1 / (i + 1),
  validationLoss: 1.1 / (i + 1),
  gradientNorm: 0.5 + i,
  learningRate: 0.01,
}));
const timing = stats.map(({ images }) => ({ images, seconds: images, imagesPerSecond: 7.5, memory: 3e8 }));
const machine = [{ images: 0, time: '2026-01-02T03:04:05.678Z', processor: 'Ex & Co', threads: 3, device: 'cpu' }];
const image = { data: new Uint8Array(3 * 20 * 30).fill(99), shape: [3, 20, 30] };

/** Checks that a page loads nothing: every address is in the page, and only its own style and script may run. */
function assertSelfContained(html: string, elements: readonly Found[]): void {
  const addresses = [
    'src',
    'srcset',
    'href',
    'xlink:href',
    'action',
    'formaction',
    'poster',
    'data',
    'background',
    'ping',
  ];
  for (const { name, attributes } of elements) {
    for (const [key, value] of Object.entries(attributes)) {
      if (addresses.includes(key)) assert.match(value, /^(data:|#)/, `${name} ${key}`);
      assert.doesNotMatch(key, /^(on|style$)/, `${name} ${key}`);
    }
    assert.ok(!['iframe', 'object', 'embed', 'base', 'form'].includes(name), name);
  }
  const withoutData = html.replace(/data:[\w/+]+;base64,[\w+/=]*/g, '');
  assert.doesNotMatch(withoutData, /https?:|\/\/[a-z]|@import|url\((?!#)|\bimport\b|\bfetch\b|XMLHttp|WebSocket/i);
  const [policy] = all(elements, 'meta').flatMap(({ attributes }) =>
    attributes['http-equiv'] ? [attributes.content] : [],
  );
  const digest = (name: string) =>
    `'sha256-${createHash('sha256').update(all(elements, name)[0].text).digest('base64')}'`;
  const expected = `default-src 'none'; img-src data:; media-src data:; style-src ${digest('style')}; script-src ${digest('script')}`;
  assert.equal(policy, expected);
  assert.deepEqual([all(elements, 'style').length, all(elements, 'script').length], [1, 1]);
}

const read = async (path: string) => {
  const report = await runReport(path);
  const elements = elementsOf(report.html);
  assertSelfContained(report.html, elements);
  return { ...report, elements };
};

const values = (elements: readonly Found[]) =>
  new Map(
    all(elements, 'dl').flatMap(({ inside }) => all(inside, 'div').map(({ inside: [dt, dd] }) => [dt.text, dd.text])),
  );

test('the page has the figures of the run, a chart of each series with the same in words, and a table of the numbers', async () => {
  const { elements, warnings } = await read(
    await madeRun('00001-dots', { stats, timing, machine, over: { training: { sampleEvery: 0 } } }),
  );
  assert.deepEqual(warnings, []);
  assert.equal(all(elements, 'h1')[0].text, '00001-dots');
  const found = values(elements);
  for (const [name, value] of [
    ['state', 'finished'],
    ['images seen', '96 of 96'],
    ['loss in training', '0.0833'],
    ['loss on held-out data', '0.0917'],
    ['began', '2026-01-02 03:04 UTC'],
    ['pictures', '12'],
    ['each was seen', '8 times'],
    ['size', '8 × 8'],
    ['images per second at the end', '7.5'],
    ['largest memory of the process', '300 MB'],
  ])
    assert.equal(found.get(name), value, name);
  const charts = all(elements, '.chart');
  assert.deepEqual(
    charts.map(({ inside }) => all(inside, 'strong')[0].text),
    ['Loss', 'Learning rate', 'Gradient norm', 'Speed'],
  );
  const [svg] = all(charts[0].inside, 'svg');
  assert.equal(svg.attributes.role, 'img');
  assert.equal(
    svg.attributes['aria-label'],
    'Loss. in training: 1 at 8 images, 0.0833 at 96. on held-out data: 1.1 at 8 images, 0.0917 at 96.',
  );
  const [curve] = all(charts[0].inside, '.curve');
  const told = curve.attributes['data-values'].split(' ').map(Number);
  assert.deepEqual(
    told,
    stats.flatMap(({ images, loss }) => [images, Number(loss.toPrecision(3))]),
  );
  assert.equal(curve.attributes.d.split('L').length, 12);
  assert.ok(all(elements, 'td').some(({ text }) => text === 'Ex & Co'));
  assert.ok(all(elements, 'tr').some(({ text }) => text.startsWith('960.0833')));
});

test('a run of 150,000 lines has a page of moderate size: its curves are means, and the table says how many lines it shows', async () => {
  const many = Array.from({ length: 150_000 }, (_, i) => ({ images: i + 1, loss: 1 + 1 / (i + 1), gradientNorm: i }));
  const over = { training: { images: 150_000 } };
  const { elements, html } = await read(await madeRun('run', { stats: many, timing: many, over }));
  assert.ok(html.length < 200_000, `${html.length}`);
  for (const curve of all(elements, '.curve')) assert.ok(curve.attributes.d.split('L').length <= 160);
  assert.ok(all(elements, 'summary').some(({ text }) => text === 'Numbers: 40 of 150,000 lines'));
  assert.equal(all(all(elements, 'table')[0].inside, 'tr').length, 41);
});

test('whatever a name contains is text on the page', async () => {
  const evil = `<script>alert('x')</script>"><img src=x onerror=alert(1)>&amp;`;
  const run = await madeRun('a & "b" <i>', {
    stats,
    data: { name: evil, classes: [evil, '\u202ex'], skipped: [{ name: evil, reason: evil }] },
    log: [`changed at 8 images: training.images 1 → 2 ${evil}`],
  });
  const { elements, html, warnings } = await read(run);
  assert.equal(all(elements, 'script').length, 1);
  assert.equal(all(elements, 'img').length, 0);
  assert.ok(all(elements, 'li').filter(({ text }) => text === evil).length === 1);
  assert.ok(all(elements, 'li').some(({ text }) => text.startsWith('changed at 8 images') && text.endsWith(evil)));
  assert.doesNotMatch(html, /\u202e/u);
  assert.match(warnings.join(), /One file was skipped/);
  assert.equal(all(elements, 'title')[0].text, 'a & "b" <i>: report');
});

test('previews are embedded with a slider, a text and their size, and the data are beside them', async () => {
  const png = await encodePng(image);
  const files = { 'fakes-000000.048k.png': png, 'fakes-000000.096k.png': png, 'reals.png': png };
  const { elements, previews } = await read(await madeRun('run', { files }));
  assert.deepEqual(previews, { shown: 2, all: 2 });
  const images = all(elements, 'img');
  assert.deepEqual(
    images.map(({ attributes: { alt, width, height } }) => [alt, width, height]),
    [
      ['pictures drawn after 48 images, 2 classes in rows', '30', '20'],
      ['pictures drawn after 96 images, 2 classes in rows', '30', '20'],
      ['pictures of the data, 2 classes in rows', '30', '20'],
    ],
  );
  assert.equal(images[0].attributes.src, `data:image/png;base64,${Buffer.from(png).toString('base64')}`);
  const [input] = all(elements, 'input');
  assert.deepEqual([input.attributes.type, input.attributes.max, input.attributes.value], ['range', '1', '1']);
  assert.equal(all(elements, 'label')[0].attributes.for, input.attributes.id);
});

test('of many previews twelve are embedded, with the first and the last', async () => {
  const png = await encodePng(image);
  const names = Array.from({ length: 40 }, (_, i) => `fakes-${String(1000 + i).padStart(6, '0')}k.png`);
  const { elements, previews } = await read(
    await madeRun('run', { files: Object.fromEntries(names.map((name) => [name, png])) }),
  );
  assert.deepEqual(previews, { shown: 12, all: 40 });
  const shown = all(elements, '.preview').map(({ attributes }) => Number(attributes['data-images']));
  assert.deepEqual([shown.length, shown[0], shown[11]], [12, 1_000_000, 1_039_000]);
  assert.ok(all(elements, 'p').some(({ text }) => text.endsWith('12 of 40 previews are here.')));
});

test('clips play, or are strips for readers who asked for less motion; sounds have a waveform and can be heard', async () => {
  const png = await encodePng(image);
  const webp = await encodeFrames([image, image], 'webp', 10);
  const clip = await read(
    await madeRun('clips', {
      over: clipModel,
      files: { 'fakes-000000.096k.png': png, 'fakes-000000.096k.webp': webp },
    }),
  );
  const [source] = all(clip.elements, 'source');
  assert.equal(source.attributes.media, '(prefers-reduced-motion: reduce)');
  assert.match(source.attributes.srcset, /^data:image\/png;base64,/);
  assert.match(all(clip.elements, 'img')[0].attributes.src, /^data:image\/webp;base64,/);
  const wav = encodeWav({ data: new Uint8Array(64), shape: [1, 64] }, { rate: 8000 });
  const sound = await read(
    await madeRun('sounds', {
      over: soundModel,
      files: { 'fakes-000000.096k.png': png, 'fakes-000000.096k.wav': wav },
    }),
  );
  const [audio] = all(sound.elements, 'audio');
  assert.match(audio.attributes.src, /^data:audio\/wav;base64,/);
  assert.equal(audio.attributes['aria-label'], 'sounds drawn after 96 images, 2 classes in rows');
});

test('a damaged preview is left out and told', async () => {
  const png = await encodePng(image);
  const files = { 'fakes-000000.048k.png': Buffer.from('no picture'), 'fakes-000000.096k.png': png };
  const { elements, warnings } = await read(await madeRun('run', { files }));
  assert.equal(all(elements, '.preview').length, 1);
  assert.ok(warnings.includes('fakes-000000.048k.png is damaged, so it is not on this page.'));
});

test('values that differ from the preset of the name are marked, beside those of the preset', async () => {
  const { loadPreset } = await import('../../../src/training/presets.js');
  const preset = loadPreset('emoji-64', { training: { images: 96 }, model: { classes: 2 } });
  const { elements } = await read(await madeRun('run', { over: { ...preset, source: 'dots' } }));
  const rows = all(elements, 'tr').filter(({ inside }) => all(inside, 'mark').length > 0);
  const marked = new Map(rows.map(({ inside: [key, ...cells] }) => [key.text, cells]));
  assert.deepEqual(
    all(marked.get('training.images') ?? [], 'td').map(({ text }) => text),
    ['96', String(loadPreset('emoji-64').training.images)],
  );
  assert.ok(!marked.has('training.batch'));
});

test('a run without a line of statistics has a page too, and the log tells what ended a run', async () => {
  const run = await madeRun('run', {
    log: [
      'runs/a: trains for 96 images',
      'runs/a: the loss became NaN after 40 images; no checkpoint was made yet. Try a lower training.learningRate',
    ],
  });
  const { elements, warnings } = await read(run);
  assert.ok(warnings.includes('The loss became NaN after 40 images, which ended the training.'));
  assert.ok(all(elements, 'p').some(({ text }) => text.startsWith('There is no line of statistics yet')));
  const again = await madeRun('run', {
    log: ['runs/a: the loss became NaN after 40 images; no', 'runs/a: trains for 96 images'],
  });
  assert.deepEqual(
    (await read(again)).warnings.filter((each) => each.includes('NaN')),
    [],
    'it was trained again',
  );
});

test('a folder that is no run, or a damaged one, is one sentence', async () => {
  for (const [path, message] of [
    [freshFolder(), /^\/.*: it is not a run: config\.yaml or data\.json is missing$/],
    [await madeRun('run', { data: { name: 3 } }), /^[^\n]*data\.json is damaged$/],
  ] as const)
    await assert.rejects(runReport(path), (error) => {
      assert.ok(error instanceof RinError);
      assert.match(error.message, message);
      return true;
    });
});

test('figures have their protocol: one table for each protocol, and one chart for each figure measured while training', async () => {
  const protocol = (samples: number) => ({
    detector: { name: 'efficientnet-lite0', sha256: 'a'.repeat(64) },
    count: samples,
    sampling: null,
  });
  const evaluation = (images: number, value: number, samples: number) => ({
    time: '2026-01-02T03:04:05.678Z',
    subject: { name: '<b>run</b>', average: 'average', images, digest: 'd' },
    protocol: protocol(samples),
    figures: [{ metric: 'kernel', name: 'KID-EffNetLite0', value, spread: 0.00123 }],
    notes: ['few samples & so on'],
  });
  const record = [evaluation(48, 0.5, 1000), evaluation(96, 1162.3, 500), evaluation(96, 0.125, 1000), { other: 1 }];
  const figures = (images: number, value: number) => ({
    images,
    figures: { 'KID-EffNetLite0': value },
    evaluated: 256,
  });
  const { elements } = await read(
    await madeRun('run', {
      stats: [...stats, figures(48, 0.6), figures(96, 0.3)],
      files: { 'metrics.jsonl': Buffer.from(record.map((line) => JSON.stringify(line)).join('\n')) },
    }),
  );
  const [section] = all(elements, 'section').filter(({ attributes: { id } }) => id === 'metrics');
  const tables = all(section.inside, 'table').map(({ inside }) =>
    all(all(inside, 'tbody')[0].inside, 'tr').map((row) => row.inside.slice(2, 4).map(({ text }) => text)),
  );
  assert.deepEqual(tables, [
    [
      ['48', '0.5 ± 0.00123'],
      ['96', '0.125 ± 0.00123'],
    ],
    [['96', '1,162 ± 0.00123']],
  ]);
  const counts = all(section.inside, 'dl').map((list) => values([list]).get('count'));
  assert.deepEqual(counts, ['1000', '500']);
  const [chart, ...others] = all(section.inside, '.chart');
  assert.equal(others.length, 0);
  assert.equal(all(chart.inside, 'figcaption')[0].text, 'KID-EffNetLite0 (256 samples)');
  assert.equal(all(chart.inside, '.curve')[0].attributes['data-values'], '48 0.6 96 0.3');
  assert.equal(
    all(elements, '.chart')[0].inside.filter(({ name }) => name === 'path').length,
    2,
    'no loss of these lines',
  );
});
