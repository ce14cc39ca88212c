import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { encodePng } from '../../../src/media/png.js';
import { runReport } from '../../../src/report/page/runReport.js';
import { madeRun } from './madeRun.js';

const stats = [10, 20, 30, 40].map((images) => ({ images, loss: images / 100, validationLoss: images / 50 }));

/** What the tests use of a document; the build has no types of browsers. */
interface PageElement {
  readonly textContent: string | null;
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
  dispatchEvent(event: object): void;
}
interface Page {
  readonly document: {
    querySelector(selector: string): PageElement | null;
    querySelectorAll(selector: string): Iterable<PageElement>;
  };
  readonly Event: new (name: string) => object;
}

/** A page after its script ran, in a document without layout: an SVG has its own coordinates on the screen. */
async function opened(files: Record<string, Uint8Array>) {
  const { html } = await runReport(await madeRun('run', { stats, files, images: 96 }));
  const { document, Event } = parseHTML(html) as unknown as Page;
  for (const svg of document.querySelectorAll('svg')) {
    const [, , width, height] = (svg.getAttribute('viewBox') ?? '').split(' ').map(Number);
    Object.assign(svg, { viewBox: { baseVal: { width, height } } });
    Object.assign(svg, { getBoundingClientRect: () => ({ left: 5, top: 0, width: width / 2, height: height / 2 }) });
  }
  new Function('document', document.querySelector('script')?.textContent ?? '')(document);
  const one = (selector: string): PageElement => document.querySelector(selector) ?? assert.fail(selector);
  const isHidden = (element: PageElement) => element.hasAttribute('hidden');
  return { document, Event, one, isHidden };
}

test('the slider appears, shows the last preview, and each preview where it stands', async () => {
  const png = await encodePng({ data: new Uint8Array(48), shape: [3, 4, 4] });
  const { document, Event, one, isHidden } = await opened(
    Object.fromEntries([1, 2, 3].map((i) => [`fakes-00000${i}k.png`, png])),
  );
  const shown = () =>
    [...document.querySelectorAll('.preview')].flatMap((each) =>
      isHidden(each) ? [] : each.getAttribute('data-images'),
    );
  assert.ok(!isHidden(one('.slider')));
  assert.deepEqual(shown(), ['3000']);
  const input = one('.slider input');
  for (const [value, images] of [
    ['0', '1000'],
    ['1', '2000'],
    ['2', '3000'],
  ]) {
    Object.assign(input, { value });
    input.dispatchEvent(new Event('input'));
    assert.deepEqual(shown(), [images]);
    const text = Number(images).toLocaleString('en-US');
    assert.deepEqual(
      [one('.slider output').textContent, input.getAttribute('aria-valuetext')],
      [text, `${text} images`],
    );
  }
});

test('a chart tells the values at the images under the pointer, and its own words again when the pointer leaves', async () => {
  const { Event, one } = await opened({});
  const [svg, readout] = [one('.chart svg'), one('.chart .readout')];
  const usual = readout.textContent;
  const places = (one('.chart .curve').getAttribute('d') ?? '').slice(1).split('L');
  for (const [i, { images, loss, validationLoss }] of stats.entries()) {
    const x = Number(places[i].split(',')[0]);
    svg.dispatchEvent(Object.assign(new Event('pointermove'), { clientX: 5 + x / 2 + 3 }));
    assert.equal(readout.textContent, `${images} images: in training ${loss}, on held-out data ${validationLoss}`);
    assert.equal(Number(one('.chart .cursor').getAttribute('x1')), x);
  }
  svg.dispatchEvent(new Event('pointerleave'));
  assert.equal(readout.textContent, usual);
});
