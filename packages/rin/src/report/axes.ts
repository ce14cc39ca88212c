import { scaleLinear, scaleLog } from 'd3-scale';
import type { Curve } from './lossCurves.js';

/** An axis of a chart. */
export interface Axis {
  /** place of a value in pixels */
  place(value: number): number;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
  readonly isLogarithmic: boolean;
}

/** Runs whose lengths differ by more than this factor have a logarithmic axis: on a linear one the short run would be a stub. */
const mostLengths = 4;
/** Losses that differ by more than this factor have a logarithmic axis. */
const mostLosses = 4;
/**
 * The first part of each curve on a linear axis of images, which may leave the chart at the top. It falls so steeply that the
 * rest would be flat.
 */
const steepPart = 0.03;
/** Part of the height that stays free above and below the curves. */
const margin = 0.06;

/**
 * The axis of images seen, from 0 if it is linear. It is logarithmic if the lengths of the runs differ by more than a factor of
 * 4.
 */
export function imagesAxis(curves: readonly Pick<Curve, 'points'>[], [left, right]: readonly [number, number]): Axis {
  const lasts = curves.map(({ points }) => points[points.length - 1].images);
  const last = Math.max(...lasts);
  if (last / Math.min(...lasts) <= mostLengths) return axisFromZero(last, [left, right], 8);
  const first = Math.min(...curves.map(({ points }) => points[0].images));
  const scale = scaleLog([first, last], [left, right]);
  const ticks = roundOnes(scale.ticks(), 4.5).map((value) => ({ value, text: shortText(value) }));
  return { place: scale, ticks, isLogarithmic: true };
}

/**
 * The axis of losses. It is logarithmic if the shown losses differ by more than a factor of 4. If the axis of images is linear,
 * the first 3 % of each curve may be cut off at the top.
 */
export function lossAxis(
  curves: readonly Pick<Curve, 'points'>[],
  across: Axis,
  [bottom, top]: readonly [number, number],
): Axis {
  const shown = curves.flatMap(({ points }) => {
    const steep = across.isLogarithmic ? 0 : steepPart * points[points.length - 1].images;
    return points.flatMap(({ images, value }) => (images > steep ? [value] : []));
  });
  const [least, most] = [Math.min(...shown), Math.max(...shown)];
  if (least > 0 && most / least > mostLosses) {
    const room = (most / least) ** margin;
    const scale = scaleLog([least / room, most * room], [bottom, top]);
    const ticks = roundOnes(scale.ticks(), 2.5).map((value) => ({ value, text: plain(value) }));
    return { place: scale, ticks, isLogarithmic: true };
  }
  return linearAxis([least, most], [bottom, top]);
}

/** A linear axis of values, with some room at both ends. */
export function linearAxis(values: readonly number[], [from, to]: readonly [number, number]): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = margin * (most - least || Math.abs(most) || 1);
  const scale = scaleLinear([least - room, most + room], [from, to]);
  const text = scale.tickFormat(6);
  return { place: scale, ticks: scale.ticks(6).map((value) => ({ value, text: text(value) })), isLogarithmic: false };
}

/** A linear axis from 0 to a value above it. @param ticks about how many */
export function axisFromZero(most: number, range: readonly [number, number], ticks: number): Axis {
  const scale = scaleLinear([0, most], [...range]);
  return {
    place: scale,
    ticks: scale.ticks(ticks).map((value) => ({ value, text: shortText(value) })),
    isLogarithmic: false,
  };
}

/** A logarithmic axis of positive values, with some room at both ends. */
export function logAxis(
  values: readonly number[],
  [from, to]: readonly [number, number],
  ticks?: readonly number[],
): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = 1.1 * (most / least) ** margin;
  const scale = scaleLog([least / room, most * room], [from, to]);
  const shown = ticks ?? roundOnes(scale.ticks(), 2.5);
  return { place: scale, ticks: shown.map((value) => ({ value, text: String(value) })), isLogarithmic: true };
}

/** Of the ticks of a logarithmic axis, those at 1, 2 and 5 times a power of ten; the powers alone if it has more decades. */
function roundOnes(ticks: readonly number[], mostDecades: number): number[] {
  const decades = Math.log10(ticks[ticks.length - 1] / ticks[0]);
  const digits = decades > mostDecades ? [1] : [1, 2, 5];
  const round = ticks.filter((tick) => digits.includes(Number(tick.toExponential(3).split('e')[0])));
  return round.length > 1 ? round : [...ticks];
}

const plain = (value: number): string => String(Number(value.toPrecision(3)));

/** `0.001`, `500`, `10k`, `1.5M` */
function shortText(value: number): string {
  if (value >= 1e6) return `${plain(value / 1e6)}M`;
  return value >= 1000 ? `${plain(value / 1000)}k` : plain(value);
}
