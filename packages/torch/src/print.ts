import { isFloating } from './dtype.js';
import { numbersOf, withoutTraces } from './elements.js';
import { TorchError } from './errors.js';
import type { Handle } from './handle.js';
import { callTensor } from './operator.js';
import type { Tensor } from './tensor.js';

// The numbers of PyTorch's default print options.
const summarizedAbove = 1000;
const edge = 3;
const lineWidth = 80;
const prefix = 'tensor(';

/**
 * A tensor as PyTorch prints it: values in brackets, four decimals, and only the edges of more than 1,000 elements. Dtype,
 * device and requiresGrad follow where they are not the usual ones. A tensor without a typed array (complex, sparse) prints
 * its shape, dtype and device.
 */
export function print(tensor: Tensor): string {
  if (tensor.disposed) return tensor.toString();
  try {
    return withSuffixes(tensor.size === 0 ? '[]' : body(tensor), suffixes(tensor));
  } catch (error) {
    if (error instanceof TorchError) return tensor.toString();
    throw error;
  }
}

function suffixes({ shape, size, dtype, device, requiresGrad }: Tensor): string[] {
  const usual = size === 0 ? ['float32'] : ['float32', 'int64', 'bool'];
  return [
    ...(device === 'cpu' ? [] : [`device=${device}`]),
    ...(size === 0 && shape.length !== 1 ? [`shape=[${shape.join(', ')}]`] : []),
    ...(usual.includes(dtype) ? [] : [`dtype=${dtype}`]),
    ...(requiresGrad ? ['requiresGrad=true'] : []),
  ];
}

function withSuffixes(text: string, all: readonly string[]): string {
  let [result, column] = [text, text.length - text.lastIndexOf('\n') + 1];
  for (const suffix of all) {
    const wraps = column + suffix.length + 2 > lineWidth;
    result += wraps ? `,\n${' '.repeat(prefix.length)}${suffix}` : `, ${suffix}`;
    column = wraps ? prefix.length + suffix.length : column + suffix.length + 2;
  }
  return `${prefix}${result})`;
}

function body(tensor: Tensor): string {
  const { shape, dtype } = tensor;
  const isCut = shape.map((size) => tensor.size > summarizedAbove && size > 2 * edge);
  const values = isCut.includes(true) ? withoutTraces(() => numbersOf(edges(tensor, isCut))) : numbersOf(tensor);
  const cells =
    dtype === 'bool'
      ? padded(Array.from(values, (value) => String(value !== 0)))
      : isFloating(dtype)
        ? floats(Array.from(values, Number))
        : padded(Array.from(values, String));
  return nested(
    cells,
    shape.map((size, dim) => (isCut[dim] ? 2 * edge : size)),
    isCut,
  );
}

/** The first and the last elements of each dimension that is cut; the longest first, so that little is copied. */
function edges(tensor: Handle, isCut: readonly boolean[]): Handle {
  const { shape } = tensor;
  const dims = [...shape.keys()].filter((dim) => isCut[dim]).sort((a, b) => shape[b] - shape[a]);
  return dims.reduce((part, dim) => {
    const ends = [0, shape[dim] - edge].map((start) => callTensor('aten::narrow', part, dim, start, edge));
    return callTensor('aten::cat', ends, dim);
  }, tensor);
}

const padded = (cells: string[], width = longest(cells)): string[] => cells.map((cell) => cell.padStart(width));

const longest = (cells: string[]): number => cells.reduce((width, cell) => Math.max(width, cell.length), 1);

/** Floats share one notation and one width, which the finite numbers besides 0 decide. */
function floats(values: number[]): string[] {
  const counted = values.filter((value) => Number.isFinite(value) && value !== 0);
  const least = counted.reduce((size, value) => Math.min(size, Math.abs(value)), Number.POSITIVE_INFINITY);
  const most = counted.reduce((size, value) => Math.max(size, Math.abs(value)), 0);
  const areWhole = counted.every(Number.isInteger);
  const isScientific = most / least > 1000 || most > 1e8 || least < 1e-4;
  const notation = isScientific ? scientific : areWhole ? whole : fixed;
  const cells = values.map((value) => (Number.isFinite(value) ? notation(value) : nonFinite(value)));
  return padded(cells, longest(counted.map(notation)));
}

const nonFinite = (value: number): string => (Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf');
const sign = (value: number): string => (Object.is(value, -0) ? '-' : '');
const whole = (value: number): string => `${sign(value)}${value.toFixed(0)}.`;
const fixed = (value: number): string => sign(value) + halfToEven(value.toFixed(40), value.toFixed(4));

function scientific(value: number): string {
  const [mantissa, exponent] = value.toExponential(4).split('e');
  const rounded = halfToEven(value.toExponential(40).split('e')[0], mantissa);
  return `${sign(value)}${rounded}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/** JavaScript rounds a half up in size. C and Python, and so PyTorch, round it to the even digit. */
const halfToEven = (digits: string, rounded: string): string =>
  /^(-?\d+\.\d{3}[02468])50*$/.exec(digits)?.[1] ?? rounded;

/** Arranges the elements in brackets. A dimension that is cut has dots in its middle. */
function nested(cells: readonly string[], shape: readonly number[], isCut: readonly boolean[]): string {
  const last = shape.length - 1;
  const build = (dim: number, from: number, to: number): string => {
    if (dim > last) return cells[from];
    const indent = ' '.repeat(prefix.length + dim + 1);
    if (dim === last) return `[${lines(dotted(cells.slice(from, to), ' ...', isCut[dim]), indent)}]`;
    const inner = (to - from) / shape[dim];
    const parts = Array.from({ length: shape[dim] }, (_, i) =>
      build(dim + 1, from + i * inner, from + (i + 1) * inner),
    );
    return `[${dotted(parts, '...', isCut[dim]).join(`,${'\n'.repeat(last - dim)}${indent}`)}]`;
  };
  return build(0, 0, cells.length);
}

const dotted = (parts: readonly string[], dots: string, isCut: boolean): string[] =>
  isCut ? [...parts.slice(0, edge), dots, ...parts.slice(-edge)] : [...parts];

/** Elements of a row, separated by commas, on lines that are not too long. */
function lines(cells: readonly string[], indent: string): string {
  const perLine = Math.max(1, Math.floor((lineWidth - indent.length + 1) / (cells[0].length + 2)));
  const rows: string[] = [];
  for (let i = 0; i < cells.length; i += perLine) rows.push(cells.slice(i, i + perLine).join(', '));
  return rows.join(`,\n${indent}`);
}
