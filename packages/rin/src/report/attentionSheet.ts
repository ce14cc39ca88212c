import { RinError } from '@rin/core';
import type { AttentionStep, SampleAttentionSteps } from '../inspect/attention.js';
import type { AttentionMap, PatchMap } from '../inspect/attentionMaps.js';
import { Canvas, lineHeight } from '../media/canvas.js';
import { framesOf } from '../media/clip.js';
import { textWidth } from '../media/font.js';
import { heatOver } from '../media/heat.js';
import type { Image } from '../media/image.js';
import type { MediumSample } from '../media/medium.js';
import { strip } from '../media/strip.js';
import { waveform } from '../media/waveform.js';

/** Which picture lies below the heat: the estimate x̂₀ of the same step, or the finished sample. */
export type Below = 'x0' | 'image';

/** Options of `attentionSheet` and `attentionFrames`. */
export interface AttentionSheetOptions {
  /** Default: x0 */
  readonly below?: Below;
}

/** A row of a sheet: pictures of one shape, and the value of the brightest colour of the heat over them. */
interface Row {
  readonly label: string;
  readonly cells: readonly Image[];
  readonly most?: number;
}

/**
 * Where the network looked in one sample: the estimates x̂₀ in the first row, then a row of heat for each block; one column for each
 * step. Steps of a clip are below each other, with its frames side by side. The heat of a patch is its attention as a multiple of
 * an even attention. Each block has its own scale, from 0 to its highest value in the sheet.
 * @returns [3, height, width]
 * @throws RinError if no step has an attention
 */
export function attentionSheet(sample: SampleAttentionSteps, { below = 'x0' }: AttentionSheetOptions = {}): Image {
  const steps = stepsWithMaps(sample);
  const scales = scalesOf(steps);
  if (sample.image.medium === 'clip') {
    const rows = steps.flatMap((step) => rowsOf([{ sample, step }], scales, below, `step ${step.step}`));
    return table(rows, [[]], captionOf(steps[0].maps[0]), sample.image);
  }
  const rows = rowsOf(
    steps.map((step) => ({ sample, step })),
    scales,
    below,
  );
  return table(
    rows,
    steps.map(({ step, gamma }) => [`step ${step}`, gammaText(gamma)]),
    captionOf(steps[0].maps[0]),
    sample.image,
  );
}

/**
 * The same of several samples as the frames of an animation, one for each step: a column for each sample, or clips below each other.
 * Each block has one scale for all frames.
 * @param samples  of the same steps
 * @returns        at least one picture, all of one shape [3, height, width]
 * @throws RinError as `attentionSheet`
 */
export function attentionFrames(
  samples: readonly SampleAttentionSteps[],
  { below = 'x0' }: AttentionSheetOptions = {},
): Image[] {
  const all = samples.map(stepsWithMaps);
  const scales = scalesOf(all.flat());
  return all[0].map(({ step, steps, gamma }, i) => {
    const columns = samples.map((sample, j) => ({ sample, step: all[j][i] }));
    const rows =
      samples[0].image.medium === 'clip'
        ? columns.flatMap((column) => rowsOf([column], scales, below, `seed ${column.sample.seed}`))
        : rowsOf(columns, scales, below);
    const heading = `step ${step}/${steps}, ${gammaText(gamma)}`;
    return table(rows, [[heading]], captionOf(columns[0].step.maps[0]), samples[0].image);
  });
}

const gammaText = (gamma: number): string => `gamma ${gamma.toFixed(2)}`;

/** What the colours mean. */
function captionOf({ kind, latent, head, isConcentration }: AttentionMap): string {
  const whose = `${latent === undefined ? 'all latents' : `latent ${latent}`}, ${head === undefined ? 'all heads' : `head ${head}`}`;
  return `${kind}, ${whose}: ${isConcentration ? '0 = to all latents alike, 1 = to one' : '1 = an even attention'}`;
}

function stepsWithMaps({ seed, steps }: SampleAttentionSteps): AttentionStep[] {
  const found = steps.filter(({ maps }) => maps.length > 0);
  if (found.length > 0) return found;
  throw new RinError(`seed ${seed}: no step has an attention to show; choose other steps or blocks`);
}

/** The largest value of each block, as a multiple of an even attention. */
function scalesOf(steps: readonly AttentionStep[]): ReadonlyMap<number, number> {
  const most = new Map<number, number>();
  for (const map of steps.flatMap(({ maps }) => maps)) {
    const values = [...map.values, ...(map.given?.values ?? [])].map((value) => value * factorOf(map));
    most.set(
      map.block,
      values.reduce((a, b) => Math.max(a, b), most.get(map.block) ?? 0),
    );
  }
  return most;
}

/** What makes an attention a multiple of an even one. The concentration of a write is from 0 to 1 as it is. */
const factorOf = ({ isConcentration, mostEntropy }: AttentionMap): number =>
  isConcentration ? 1 : Math.exp(mostEntropy);

function rowsOf(
  columns: readonly { readonly sample: SampleAttentionSteps; readonly step: AttentionStep }[],
  scales: ReadonlyMap<number, number>,
  below: Below,
  label = 'x0',
): Row[] {
  const blocks = columns[0].step.maps.map(({ block }) => block);
  return [
    { label, cells: columns.map(({ step }) => cellOf(step.x0, (frame) => frame)) },
    ...blocks.map((block, i): Row => {
      const most = scales.get(block) ?? 1;
      const cells = columns.map(({ sample, step }) => {
        const map = step.maps[i];
        const scaled = (frame: number) => sliceOf(map, frame, factorOf(map) / Math.max(most, Number.MIN_VALUE));
        return cellOf(below === 'x0' ? step.x0 : sample.image, (frame, at) => heatOver(frame, scaled(at)));
      });
      return { label: `block ${block}`, cells, most };
    }),
  ];
}

/** Most frames of a clip that are shown. */
const mostFrames = 16;

/** The picture of a sample: a picture, the waveform of a sound, up to 16 frames of a clip side by side. */
function cellOf(sample: MediumSample, draw: (frame: Image, at: number) => Image): Image {
  if (sample.medium !== 'clip') return draw(sample.medium === 'sound' ? waveform(sample) : sample, 0);
  const frames = framesOf(sample);
  const shown = Math.min(frames.length, mostFrames);
  const place = (i: number) => (shown === 1 ? 0 : Math.round((i * (frames.length - 1)) / (shown - 1)));
  return strip(Array.from({ length: shown }, (_, i) => draw(frames[place(i)], place(i))));
}

/** The rows × columns of a frame. @param frame  of the whole sample, given ones included; 0 for pictures and sounds */
function sliceOf({ given, ...map }: AttentionMap, frame: number, factor: number): Pick<PatchMap, 'values' | 'grid'> {
  const before = given?.size[0] ?? 0;
  const { patch, grid, values } = given && frame < before ? given : map;
  const isClip = grid.length === 3;
  const plane: readonly number[] = grid.length === 1 ? [1, grid[0]] : grid.slice(-2);
  const slice = isClip ? Math.floor((frame < before ? frame : frame - before) / patch[0]) : 0;
  const length = plane[0] * plane[1];
  return { grid: plane, values: values.slice(slice * length, (slice + 1) * length).map((value) => value * factor) };
}

/** Sides to which small pictures and frames of clips are enlarged, in pixels. */
const [pictureSide, frameSide] = [128, 64];

/** Space around pictures, side of a pixel of the letters, and width of a colour scale. */
const [gap, letter, bar] = [6, 2, 12];

/** Rows of pictures with their labels on the left, and the colour scale of each row of heat on the right. @param headings  lines */
function table(
  rows: readonly Row[],
  headings: readonly (readonly string[])[],
  caption: string,
  { medium, shape }: MediumSample,
): Image {
  const [, height, width] = rows[0].cells[0].shape;
  const frame = medium === 'clip' ? Math.max(...shape.slice(2)) : Math.max(height, width);
  const scale = Math.max(1, Math.floor((medium === 'clip' ? frameSide : pictureSide) / frame));
  const [cellHeight, cellWidth] = [height * scale, width * scale];
  const left = gap + Math.max(...rows.map(({ label }) => textWidth(label))) * letter + gap;
  const right = gap + bar + gap + textWidth('000.0') * letter;
  const top = gap + Math.max(...headings.map((lines) => lines.length)) * lineHeight(letter);
  const bottom = top + rows.length * (cellHeight + gap);
  const pictures = rows[0].cells.length * (cellWidth + gap);
  const wide = Math.max(left + pictures + right, gap + textWidth(caption) + gap);
  const canvas = new Canvas(bottom + lineHeight(letter), wide);
  for (const [column, lines] of headings.entries())
    for (const [line, words] of lines.entries()) {
      const fits = headings.length === 1 || textWidth(words) * letter <= cellWidth + gap;
      canvas.text(words, left + column * (cellWidth + gap), gap + line * lineHeight(letter), fits ? letter : 1);
    }
  for (const [i, { label, cells, most }] of rows.entries()) {
    const y = top + i * (cellHeight + gap);
    canvas.text(label, gap, y + Math.floor((cellHeight - lineHeight(letter)) / 2), letter);
    for (const [column, cell] of cells.entries()) canvas.paste(cell, left + column * (cellWidth + gap), y, scale);
    if (most !== undefined) drawScale(canvas, most, left + pictures + gap, y, cellHeight);
  }
  canvas.text(caption, gap, bottom, textWidth(caption) * letter <= wide - 2 * gap ? letter : 1);
  return canvas.image;
}

/** The colours from 0 to the highest value, with a mark at 1 if there is room for it. */
function drawScale(canvas: Canvas, most: number, left: number, top: number, height: number): void {
  const x = left + bar + gap;
  const line = lineHeight(letter);
  canvas.scale(left, top, height, bar);
  canvas.text(most.toFixed(most < 10 ? 2 : 1), x, top, letter);
  canvas.text('0', x, top + height - line, letter);
  const one = Math.round(height * (1 - 1 / most) - line / 2);
  if (one > line && one < height - 2 * line) canvas.text('1', x, top + one, letter);
}
