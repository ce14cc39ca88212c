/*
 * Calls every typed method and function, and operators that divide integers, with random arguments: `node fuzzChild.js SEED CALLS`. The last call is the last
 * line of stderr, so that a crash tells what it was. Prints how many calls went through, how many were refused, and how
 * often each method and function was called.
 */
import { writeSync } from 'node:fs';
import { inspect } from 'node:util';
import * as torch from '../src/index.js';
import { type Dtype, dtypes, Module, Tensor, TorchError, unsafe } from '../src/index.js';

const [seed, calls] = process.argv.slice(2).map(Number);

// Mulberry32: any small generator would do
let state = seed;
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const below = (count: number): number => Math.floor(random() * count);
const pick = <T>(list: readonly T[]): T => list[below(list.length)];
const repeat = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

const disposed = torch.zeros([2]);
disposed.dispose();

function freshTensor(): Tensor {
  const shape = repeat(below(5), () => pick([0, 1, 1, 2, 2, 3, 4, 5]));
  const dtype: Dtype = pick(['float32', 'float32', 'float32', 'float64', ...dtypes]);
  const base = unsafe.call('aten::randint.low', [-3, 5, shape]) as Tensor;
  const tensor = base.to(dtype);
  if (random() < 0.2 && dtype.startsWith('float')) tensor.requiresGrad = true;
  return random() < 0.2 && shape.length > 1 ? tensor.transpose(0, 1) : tensor;
}

const pool = repeat(30, freshTensor);
const tensor = (): Tensor => (random() < 0.01 ? disposed : pick(pool));
const small = (): number => pick([-2, -1, 0, 0, 1, 1, 2, 2, 3, 4, 5]);
// Between 10 and 2³⁵ nothing, of either sign, is drawn: such sizes are legal, and only take long.
const odd = (): number =>
  pick([
    Number.NaN,
    0.5,
    -0.5,
    Number.POSITIVE_INFINITY,
    -(2 ** 36),
    2 ** 36,
    2 ** 48,
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    2 ** 60,
  ]);
const number = (): number => (random() < 0.85 ? small() : odd());
const list = (): number[] => repeat(below(5), number);
const options = (): Record<string, unknown> => {
  const result: Record<string, unknown> = {};
  const names = ['alpha', 'value', 'keepdim', 'correction', 'approximate', 'stride', 'padding', 'groups', 'dropoutP'];
  for (const name of [
    ...names,
    'retainGraph',
    'createGraph',
    'dtype',
    'device',
    'requiresGrad',
    'samples',
    'seed',
    'step',
  ]) {
    if (random() < 0.2) result[name] = random() < 0.5 ? number() : argument();
  }
  return result;
};

function argument(): unknown {
  const kinds: (() => unknown)[] = [
    tensor,
    tensor,
    tensor,
    number,
    number,
    number,
    list,
    list,
    () => repeat(below(4), tensor),
    () => undefined,
    () => null,
    () => random() < 0.5,
    options,
    () => pick([...dtypes, 'cpu', 'cuda', 'cuda:7', 'tanh', 'none', '', 'x']),
    () =>
      pick([Symbol('s'), () => 1, new Date(), new Map(), 5n, new Float32Array(4), new Uint16Array(3), [[1, 2], [3]]]),
    () => repeat(below(3), argument),
  ];
  return pick(kinds)();
}

const sized = (...shape: number[]): Tensor => torch.ones(shape).mul(0.5);
const index = (): Tensor =>
  pick([torch.arange(3, { dtype: 'int64' }), torch.tensor([7, -1], { dtype: 'int64' }), tensor()]);
const size = (): number => pick([0, 1, 2, 2, 3, 4, 6]);
const maybe = <T>(value: T): T | null => (random() < 0.5 ? value : null);
function convolution(dims: number): unknown[] {
  const [groups, channels, out, kernel] = [pick([1, 1, 2, 0]), size(), size(), size()];
  const x = sized(size(), channels, ...repeat(dims, size));
  const weight = sized(out, groups === 0 ? channels : Math.floor(channels / groups), ...repeat(dims, () => kernel));
  return [x, weight, maybe(sized(out)), { stride: pick([1, 1, 2, 0, -1]), padding: pick([0, 1, 5, -1]), groups }];
}

const window = (): Record<string, unknown> => ({
  stride: pick([1, 2, 0, -1, [1, 2]]),
  padding: pick([0, 1, 5, -1]),
  ceilMode: random() < 0.5,
});

/** Arguments that nearly fit, for what hardly ever succeeds with random ones. */
const typical: Record<string, () => unknown[]> = {
  linear: () => [sized(size(), 3), sized(size(), 3), maybe(sized(size()))],
  layerNorm: () => [sized(2, size(), 4), [4], maybe(sized(4)), maybe(sized(4)), number()],
  groupNorm: () => [sized(size(), 4, size()), number(), maybe(sized(4)), maybe(sized(4)), number()],
  embedding: () => [sized(size(), 3), index()],
  indexSelect: () => [number(), index()],
  conv1d: () => convolution(1),
  conv2d: () => convolution(2),
  conv3d: () => convolution(3),
  scaledDotProductAttention: () => [
    sized(2, 1, size(), 4),
    sized(2, 1, size(), 4),
    sized(2, 1, size(), 4),
    { dropoutP: pick([0, 0.5, 1, 2, -1]) },
  ],
  convTranspose2d: () => {
    const [groups, channels, kernel] = [pick([1, 1, 2, 0]), size(), size()];
    const x = sized(size(), channels, size(), size());
    return [
      x,
      sized(channels, size(), kernel, kernel),
      maybe(sized(size())),
      { ...window(), outputPadding: small(), groups },
    ];
  },
  maxPool2d: () => [sized(size(), 2, size(), size()), pick([number(), [size(), size()]]), window()],
  avgPool2d: () => [sized(size(), 2, size(), size()), pick([number(), [size(), size()]]), window()],
  interpolate: () => [
    sized(1, 2, ...repeat(1 + below(3), size)),
    {
      [pick(['size', 'scaleFactor'])]: pick([number(), repeat(2, size), 1.5]),
      mode: pick(['nearest', 'linear', 'bilinear', 'bicubic', 'trilinear']),
      alignCorners: random() < 0.5,
    },
  ],
  batchNorm: () => [
    sized(2, size(), size()),
    ...repeat(4, () => maybe(sized(size()))),
    { training: random() < 0.5, momentum: number(), eps: number() },
  ],
  crossEntropy: () => [
    sized(3, size()),
    pick([index(), sized(3, size())]),
    { weight: maybe(sized(size())), ignoreIndex: number(), labelSmoothing: pick([0, 0.5, 2, -1]) },
  ],
  mseLoss: () => [tensor(), tensor(), { reduction: pick(['mean', 'sum', 'none', 'x']) }],
  einsum: () => [pick(['ij,jk->ik', 'ij->ji', '...i->...', 'ii', 'ij,ij->', '', '->', 'i,']), repeat(below(3), tensor)],
  oneHot: () => [index(), number()],
  gather: () => [number(), index()],
  scatter: () => [number(), index(), pick([tensor(), number()])],
  index: () => [repeat(below(3), () => maybe(index()))],
  indexPut: () => [repeat(below(3), () => maybe(index())), tensor(), { accumulate: random() < 0.5 }],
  topk: () => [number(), { dim: number(), largest: random() < 0.5 }],
  rand: () => [repeat(below(3), size), { seed: number(), dtype: pick(dtypes) }],
  randn: () => [repeat(below(3), size), { seed: number(), dtype: pick(dtypes) }],
  randint: () => [number(), number(), repeat(below(3), size), { dtype: pick(dtypes) }],
  dropout: () => [tensor(), pick([0, 0.5, 1, 1.5, -1, Number.NaN]), random() < 0.5],
  where: () => [tensor().gt(0), tensor(), tensor()],
  cat: () => [repeat(below(4), tensor), number()],
  stack: () => [repeat(below(4), tensor), number()],
  norms: () => [repeat(below(4), tensor)],
  gradients: () => [[tensor().sum()], repeat(below(3), tensor), { retainGraph: true, createGraph: random() < 0.5 }],
  philoxNormal: () => [sized(2, size()), { seed: number(), samples: [0, size()], step: number(), purpose: number() }],
  tensor: () => [
    pick([new Float32Array(4), [[1, 2]], 3, new Uint8Array(4)]),
    pick([[4], [2, 2], [4, 0], undefined]),
    options(),
  ],
  arange: () => [number(), number(), number()],
  full: () => [list(), number(), options()],
  expand: () => [pick([list(), [2, -1], repeat(4, size)])],
  narrow: () => [number(), number(), number()],
  slice: () => [number(), maybe(number()), maybe(number()), number()],
  backward: () => [undefined, { retainGraph: random() < 0.5 }],
  loadParameters: () => [{ weight: sized(2, size()), bias: tensor() }],
  ...Object.fromEntries(['scope', 'noGrad', 'trace', 'profile'].map((name) => [name, () => [() => tensor().add(1)]])),
  autocast: () => [pick(['cpu', 'cuda']), pick(['bfloat16', 'float16', 'float32']), () => sized(2, 2).matmul(tensor())],
};

function call(): { name: string; run: () => unknown; args: unknown[] } {
  const { name, run } = pick(callables);
  counts[name]++;
  const plain = name.replace(/^(torch|module)\./, '');
  const fitting = Object.hasOwn(typical, plain) && random() < 0.7 ? typical[plain]() : repeat(below(5), argument);
  const args = fitting.map((value) => (random() < 0.05 ? argument() : value));
  const target = tensor();
  return { name: name === plain ? `${target}.${name}` : name, run: () => run(target, args), args };
}

interface Callable {
  name: string;
  run(target: Tensor, args: unknown[]): unknown;
}

/** Those of the parents too. */
function callablesOf(prototype: object): Callable[] {
  const own = ownCallables(prototype);
  const parent = Object.getPrototypeOf(prototype) as object;
  return parent === Object.prototype ? own : [...own, ...callablesOf(parent)];
}

function ownCallables(prototype: object): Callable[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, descriptor]): Callable[] => {
    if (['constructor', 'dispose', 'leaveToCollector'].includes(name)) return [];
    const { value, get, set } = descriptor as { value?: unknown; get?: () => unknown; set?: (v: unknown) => void };
    const found: Callable[] = [];
    if (typeof value === 'function') found.push({ name, run: (target, args) => value.apply(target, args) });
    if (get) found.push({ name: `get ${name}`, run: (target) => get.call(target) });
    if (set) found.push({ name: `set ${name}`, run: (target, args) => set.call(target, args[0]) });
    return found;
  });
}

class Pair extends Module {
  readonly weight = torch.keep(torch.ones([2, 3]));
  readonly bias = torch.keep(torch.ones([2]));
}
const pair = new Pair();

// Those that read and write files are fuzzed with damaged files.
const files = ['readSafetensors', 'writeSafetensors', 'openSafetensors'];
const functions: Callable[] = Object.entries(torch).flatMap(([name, value]): Callable[] =>
  typeof value === 'function' && !files.includes(name) && !/^[A-Z]/.test(name)
    ? [{ name: `torch.${name}`, run: (_, args) => (value as (...args: unknown[]) => unknown)(...args) }]
    : [],
);
const callables = [
  ...callablesOf(Tensor.prototype),
  ...callablesOf(Module.prototype).map(({ name, run }) => ({
    name: `module.${name}`,
    run: (_: Tensor, args: unknown[]) => run(pair as unknown as Tensor, args),
  })),
  ...functions,
];

/** Integers at both ends of their range, and divisors that trap. */
const extremes = (): Tensor =>
  torch
    .tensor(
      BigInt64Array.from([pick([-(2n ** 63n), 2n ** 63n - 1n, -(2n ** 31n), 7n]), pick([-1n, 0n, 1n, -(2n ** 31n)])]),
    )
    .to(pick(['int64', 'int64', 'int32', 'int16', 'int8', 'uint8']));
const divisor = (): unknown => pick<() => unknown>([extremes, tensor, () => pick([-1, 0, 1, -1n, -(2n ** 63n)])])();
function divide(): unknown {
  const other = divisor();
  const kind = other instanceof Tensor ? 'Tensor' : 'Scalar';
  const mode = pick(['trunc', 'floor', null]);
  const [name, named] = pick<[string, Record<string, string | null>]>([
    [`div.${kind}_mode`, { rounding_mode: mode }],
    [`div_.${kind}_mode`, { rounding_mode: mode }],
    [kind === 'Tensor' ? 'floor_divide' : 'floor_divide.Scalar', {}],
    [`floor_divide_.${kind}`, {}],
    [`remainder.${kind}`, {}],
    [`remainder_.${kind}`, {}],
    [`fmod.${kind}`, {}],
    [`fmod_.${kind}`, {}],
  ]);
  const self = random() < 0.8 ? extremes() : tensor().detach().clone();
  return unsafe.call(`aten::${name}`, [self, other as Tensor], named);
}

/** Work on a tensor that is huge, but has the memory of one element: its result has not. */
function spread(): unknown {
  const huge = tensor()
    .reshape([-1])
    .narrow(0, 0, 1)
    .expand([2 ** 36, pick([1, 3])]);
  const work: ((x: Tensor) => unknown)[] = [
    (x) => x.add(1),
    (x) => x.mul(x),
    (x) => x.exp(),
    (x) => x.clone(),
    (x) => x.contiguous(),
    (x) => x.to(pick(dtypes.filter((dtype) => dtype !== x.dtype))),
    (x) => x.eq(0),
    (x) => x.softmax(0),
    (x) => x.toTypedArray(),
    (x) => torch.cat([x, x]),
    (x) => torch.stack([x, x]),
    (x) => torch.where(x.narrow(0, 0, 1).gt(0), x, x),
    (x) => x.split(pick([1, 1000])),
    (x) => x.chunk(2 ** 30),
    (x) => x.unbind(),
    (x) => inspect(x),
    (x) => x.tolist(),
    (x) => x.sort(0),
    (x) => x.cumsum(0),
    (x) => x.gather(0, torch.zeros([2, 1], { dtype: 'int64' })),
    (x) => x.transpose(0, 1).unbind(1),
  ];
  return pick(work)(huge);
}
callables.push({ name: 'torch.divide', run: divide }, { name: 'torch.spread', run: spread });
const counts = Object.fromEntries(callables.map(({ name }) => [name, 0]));

const show = (value: unknown): string =>
  value instanceof Tensor || typeof value !== 'object' || value === null
    ? String(value)
    : Array.isArray(value)
      ? `[${value.map(show).join(', ')}]`
      : `{${Object.entries(value).map(([key, inner]) => `${key}: ${show(inner)}`)}}`;

let [done, refused] = [0, 0];
const others = new Set<string>();
for (let i = 0; i < calls; i++) {
  let later: unknown;
  try {
    torch.scope(() => {
      const { name, run, args } = call();
      writeSync(2, `${i} ${name} (${args.map(show).join(', ')})\n`);
      const result = run();
      later = result instanceof Promise ? result : undefined;
      // Some results go on as arguments: views, graphs, dtypes that were made on the way
      for (const made of [result].flat()) {
        if (!(made instanceof Tensor) || made.disposed || made.size > 1000 || random() < 0.5) continue;
        const at = below(pool.length);
        if (!pool.includes(made)) pool[at] = torch.keep(made);
      }
    });
    await later;
    done++;
  } catch (error) {
    refused++;
    if (!(error instanceof TorchError)) others.add(String(error));
  }
  if (i % 20 === 0) pool[below(pool.length)] = freshTensor();
  if (i % 200 === 0) await new Promise(setImmediate);
}
process.stdout.write(JSON.stringify({ done, refused, others: [...others], counts }));
