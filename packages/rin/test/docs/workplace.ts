import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeWav, loadModel, saveModel } from '../../src/index.js';
import { demoModel } from '../../src/runs/findModel.js';
import { cifarRecord, folderOf, idx, rampAnimation, solid, tar } from '../data/fixtures.js';

/** A folder with everything in it that the docs call by a name of their own. */
export async function workplace(): Promise<string> {
  const grey = (count: number) =>
    idx(
      [count, 28, 28],
      new Array(count * 784).fill(0).map((_, at) => at % 251),
    );
  const labels = (count: number) =>
    idx(
      [count],
      new Array(count).fill(0).map((_, at) => at % 10),
    );
  const batch = Buffer.concat([3, 5, 8].map((label) => cifarRecord([label], label)));
  const pictures: Record<string, Buffer> = {};
  for (const [flower, red] of [
    ['rose', 200],
    ['tulip', 120],
    ['daisy', 40],
  ] as const)
    for (const green of [10, 250]) pictures[`${flower}/${green}.png`] = await solid([red, green, 90]);
  const inFolder = (folder: string) =>
    Object.fromEntries(Object.entries(pictures).map(([name, picture]) => [`${folder}/${name}`, picture]));

  const sound = (byte: number) =>
    Buffer.from(encodeWav({ data: new Uint8Array(9000).fill(byte), shape: [1, 9000] }, { rate: 8000 }));

  const cwd = await folderOf({
    ...inFolder('my-pictures'),
    ...inFolder('imagenet'),
    ...inFolder('tiles'),
    'videos/a.gif': await rampAnimation('gif', 20, { width: 40, height: 40 }),
    'videos/b.webp': await rampAnimation('webp', 20, { width: 40, height: 40 }),
    'sounds/low/a.wav': sound(90),
    'sounds/high/b.wav': sound(160),
    'my.yaml': 'model: { size: 64, patch: 8 }\n',
    'mnist/train-images-idx3-ubyte': grey(20),
    'mnist/train-labels-idx1-ubyte': labels(20),
    'mnist/t10k-images-idx3-ubyte.gz': gzipSync(grey(10)),
    'mnist/t10k-labels-idx1-ubyte.gz': gzipSync(labels(10)),
    'cifar-10-batches-bin/data_batch_1.bin': batch,
    'cifar-10-batches-bin/batches.meta.txt': 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n',
  });
  renameSync(tar(join(cwd, 'my-pictures'), '.'), join(cwd, 'flowers.tar'));
  renameSync(tar(cwd, '--gzip', 'cifar-10-batches-bin'), join(cwd, 'cifar-10-binary.tar.gz'));
  mkdirSync(join(cwd, 'cifar10'));
  for (const name of ['cifar10/train.tar', 'flowers128.tar']) copyFileSync(join(cwd, 'flowers.tar'), join(cwd, name));

  // A run of flowers: the demo's network, whose first classes bear other names.
  const run = join(cwd, 'runs/00003-flowers-64-rin');
  mkdirSync(run, { recursive: true });
  const model = await loadModel(demoModel);
  const classes = ['rose', 'tulip', 'daisy', ...model.classes.slice(3)];
  await saveModel(join(run, 'model.safetensors'), { ...model, classes, parameters: model.network.parameters() });

  const models = join(cwd, 'packages/rin/models');
  mkdirSync(models, { recursive: true });
  copyFileSync(demoModel, join(models, 'emoji-64.safetensors'));
  return cwd;
}
