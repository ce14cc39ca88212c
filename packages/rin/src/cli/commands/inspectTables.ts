import { bytes, count, sizeList } from '@rin/core';
import type { Config } from '../../config/config.js';
import type { Inspection } from '../../inspect/inspection.js';
import { type PublishedFlops, publishedFlops } from '../../inspect/published.js';
import type { ModelPart } from '../../model/parts.js';
import { flops } from '../../training/resources/flopsText.js';
import { tokensText } from '../../training/resources/tokens.js';
import { textTable } from '../terminal/textTable.js';

const none = '–';

/** The parts in words. */
const names: Readonly<Record<ModelPart, string>> = {
  stem: 'stem, with positions',
  latents: 'learned latents',
  time: 'time token',
  condition: 'condition',
  warmStart: 'warm start',
  read: 'read',
  compute: 'compute',
  write: 'write',
  convolution: 'convolution',
  readout: 'readout',
};

/** What a network costs, as lines for the terminal. @param sizes the same network at several sizes, from `growth` */
export function inspectionLines(own: Inspection, sizes: readonly Inspection[], config: Config): string[] {
  return [
    `${own.name}: samples of ${sizeText(own.size)}, ${tokensText(own.tokens)}`,
    '',
    ...partTable(own),
    '',
    ...trainingTable(own, config),
    '',
    ...samplingTable(own, config),
    '',
    `activations of a sample of training, in float32: ${bytes(own.activations.kept)}, with training.recompute ${bytes(own.activations.recomputed)}`,
    '',
    ...growthTable(sizes),
    ...notes(sizes),
  ];
}

function partTable({ parts, parameters, passFlops }: Inspection): string[] {
  const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
  const rows = parts.map((each) => [
    names[each.part],
    count(each.parameters),
    share(each.parameters, parameters),
    each.flops === 0 ? none : flops(each.flops),
    share(each.flops, passFlops),
  ]);
  const heading = ['part', 'parameters', 'of all', 'forward pass', 'of the pass'];
  return textTable([heading, ...rows, ['all', count(parameters), '', flops(passFlops), '']], ['part']);
}

function trainingTable({ trainingFlops: work }: Inspection, { diffusion, training }: Config): string[] {
  const { first, forward, backward, recompute } = work;
  const rows = [
    ...(first > 0 ? [[`estimate of self-conditioning, at rate ${diffusion.selfConditioningRate}`, flops(first)]] : []),
    ['forward pass', flops(forward)],
    ['backward pass, as two', flops(backward)],
    ...(recompute > 0 ? [['blocks again, training.recompute', flops(recompute)]] : []),
    ['all', flops(first + forward + backward + recompute)],
    [
      `an update, with ${count(training.batch)} of them`,
      flops(training.batch * (first + forward + backward + recompute)),
    ],
  ];
  return textTable([['a sample of training', 'work'], ...rows], ['a sample of training']);
}

/** A forward pass by its number of latents, and a whole sample. */
function samplingTable({ byLatents, samplingFlops }: Inspection, { sampling }: Config): string[] {
  const { steps, sampler, guidance, latents } = sampling;
  const guided = guidance > 0 ? `, guidance ${guidance}` : '';
  const fewer = latents === undefined ? '' : `, latents ${[latents].flat().join(', ')}`;
  const rows = [
    ...byLatents.map((each) => [`a pass with ${count(each.latents)} latents`, flops(each.passFlops)]),
    [`${count(steps)} step${steps > 1 ? 's' : ''} of ${sampler}${guided}${fewer}`, flops(samplingFlops)],
  ];
  return textTable([['a sample that is drawn', 'work'], ...rows], ['a sample that is drawn']);
}

/** The same network at several sizes. Published numbers are a column, if there are some. */
function growthTable(sizes: readonly Inspection[]): string[] {
  const published = sizes.map(({ size }) => publishedFlops(size));
  const isCompared = published.some((flopsOf) => flopsOf.length > 0);
  const heading = [
    'size',
    'tokens',
    'parameters',
    'forward pass',
    'read',
    'compute',
    'write',
    'activations',
    'recomputed',
  ];
  const rows = sizes.map((each, i) => {
    const part = (name: ModelPart) => flops(each.parts.find((one) => one.part === name)?.flops ?? 0);
    return [
      sizeText(each.size),
      count(each.tokens.interface[0]),
      count(each.parameters),
      flops(each.passFlops),
      ...(['read', 'compute', 'write'] as const).map(part),
      bytes(each.activations.kept),
      bytes(each.activations.recomputed),
      ...(isCompared ? [publishedText(published[i])] : []),
    ];
  });
  return textTable([[...heading, ...(isCompared ? ['published, GFLOP'] : [])], ...rows], ['size', 'published, GFLOP']);
}

/** `RIN 194, ADM 538` */
const publishedText = (found: readonly PublishedFlops[]): string =>
  found.length === 0 ? none : found.map(({ model, gflops }) => `${model} ${gflops}`).join(', ');

function notes(sizes: readonly Inspection[]): string[] {
  if (!sizes.some(({ size }) => publishedFlops(size).length > 0)) return [];
  return [
    '',
    'Published: a forward pass of the networks in figure 1 of the paper. ADM, CDM and Video Diffusion are U-Nets. The configurations',
    'of its RINs are not known. The printed numbers are 20 to 40 % above the count for the presets of these sizes.',
  ];
}

const sizeText = (size: number | readonly number[]): string => sizeList(size).join(' × ');
