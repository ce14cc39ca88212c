// @ts-check
// Trains on arrays, without any file: 240 discs, rings and crosses of 16×16 pixels. Then it samples new ones.
//     node examples/train.mjs [IMAGES]
// It writes runs/shapes and shapes.png. Ctrl-C saves and ends; the same command resumes.
import { grid, loadModel, loadPreset, sample, train, writePng } from 'rin';

const size = 16;
const classes = ['disc', 'ring', 'cross'];

/** Whether a point (x, y), in units of the shape's radius, is inside the shape. @type {((x: number, y: number) => boolean)[]} */
const inside = [
  (x, y) => Math.hypot(x, y) < 1,
  (x, y) => Math.abs(Math.hypot(x, y) - 0.75) < 0.25,
  (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.3 && Math.max(Math.abs(x), Math.abs(y)) < 1,
];

/** Any iterable of samples works, also an asynchronous one. A sample has planar bytes [C, H, W], and a class by name or number. */
async function* shapes() {
  for (let i = 0; i < 240; i++) {
    const [share, other, third] = [0.618, 0.755, 0.57].map((step) => (i * step) % 1); // spread evenly over [0, 1)
    const radius = 5 + 2 * share;
    const [left, top] = [other, third].map((at) => radius + at * (size - 2 * radius));
    const colour = [0, 1, 2].map((channel) => 128 + 120 * Math.cos(2 * Math.PI * (i / 17 + channel / 3)));
    const pixels = Uint8Array.from({ length: 3 * size * size }, (_, at) => {
      const [x, y] = [at % size, Math.floor(at / size) % size];
      const within = inside[i % 3]((x - left) / radius, (y - top) / radius);
      return within ? colour[Math.floor(at / (size * size))] : 255;
    });
    yield { pixels, label: classes[i % 3] };
  }
}

const config = loadPreset('emoji-64', {
  name: 'shapes',
  model: { size, patch: 4, latents: 16, latentDim: 96 },
  training: { images: process.argv[2] ?? '20k' },
});
const run = 'runs/shapes';
const stop = new AbortController();
// Without a handler, a signal would end the process, and lose the updates since the newest checkpoint.
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort());
try {
  await train({ config, data: shapes(), run, log: console.log, signal: stop.signal });
} catch (error) {
  if (!stop.signal.aborted) throw error;
  console.log(`${run} is saved; the same command resumes it`);
  process.exit();
}
const model = await loadModel(run);
const images = await sample(model, {
  seeds: Array.from({ length: 24 }, (_, seed) => seed),
  classes: classes.flatMap((name) => Array(8).fill(name)),
});
await writePng('shapes.png', grid(images, { columns: 8, labels: classes, scale: 4 }));
