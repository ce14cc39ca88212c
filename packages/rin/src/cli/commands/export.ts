import { join } from 'node:path';
import { bytes, count, countOf, printable, quoted, UsageError } from '@rin/core';
import type { Model } from '../../diffusion/modelFile.js';
import type { OnnxExport } from '../../export/exportOnnx.js';
import type { Command, Given } from '../terminal/command.js';
import { Interruption } from '../terminal/interruption.js';
import { continuedClips } from './continued.js';
import { makeFileReady } from './outputs.js';

export const command: Command = {
  name: 'export',
  usage: '[MODEL] (--web FOLDER | --onnx FILE) [OPTIONS]',
  description:
    'Writes a web page that draws with a model in the browser of a visitor, or the network alone as an ONNX graph for other\n' +
    'programs. The model is a model.safetensors, or a run by folder, name or number. The default is the newest run with a\n' +
    'model, or the demo model.',
  examples: [
    ['rin export --web page --serve', 'a page of the newest model, shown at once'],
    ['rin export --onnx model.onnx', 'the graph alone'],
    ['rin export 3 --onnx model.onnx --check', 'from the run 3, and compute it with onnxruntime-web too'],
    ['rin export 3 --onnx model.onnx --dtype float16', 'a file of half the size; the weights are rounded'],
  ],
  operands: 1,
  meant: (argument) => `${argument.endsWith('.onnx') ? '--onnx' : '--web'} ${quoted(argument)}`,
  sections: [
    {
      title: 'Options',
      options: [
        {
          flag: '--web',
          placeholder: 'FOLDER',
          description: 'write a page with the model and its engine, as static files that any web server can offer',
        },
        { flag: '--serve', description: 'show the page to the browsers of this machine, until Ctrl-C' },
        {
          flag: '--port',
          placeholder: 'N',
          description: 'port of --serve; of a port in use the next free one is taken',
          notes: ['default: 8080'],
        },
        {
          flag: '--given',
          placeholder: 'PATH',
          description:
            'for --web with a model of given frames: the clip that goes on on the page, or a folder of clips, as in rin sample',
        },
        {
          flag: '--onnx',
          placeholder: 'FILE',
          description: 'the file to write: one pass of the network, for any batch, in standard operators (opset 20)',
        },
        {
          flag: '--dtype',
          placeholder: 'float32|float16',
          description:
            'precision of the stored weights. float32 keeps their numbers, and stores in float16 those that fit exactly; float16 rounds all. The graph computes in float32',
          notes: ['default: float32'],
        },
        {
          flag: '--reads',
          description: 'the graph also gives where each block looks: the attention of its read, averaged over heads',
        },
        {
          flag: '--check',
          description:
            'with --onnx: compute a pass with onnxruntime-web and with libtorch, and show the largest difference. With --web: draw samples with both, also in Chromium if it is there, and write how they differ into parity.json',
        },
      ],
    },
  ],
  run: exportCommand,
};

async function exportCommand(given: Given): Promise<number> {
  const [file, dtype, web] = [onnxFile(given), dtypeGiven(given), given.text('--web')];
  const port = portGiven(given, web);
  if (file === undefined && web === undefined)
    throw new UsageError('name what to write: --web page for a web page, or --onnx model.onnx for the graph alone');
  if (web === undefined && given.has('--given')) throw new UsageError('--given is for --web FOLDER; leave it out');
  if (file === undefined && given.has('--reads')) throw new UsageError('--reads is for --onnx FILE; leave it out');
  const { findModel } = await import('../../runs/findModel.js');
  const path = await findModel(given.operands[0]);
  const { loadModel } = await import('../../diffusion/modelFile.js');
  if (file !== undefined) await makeFileReady(file);
  const model = await loadModel(path);
  console.log(printable(`model: ${path}`));
  const { latents, guidanceLatents } = model.config.sampling;
  if (latents !== undefined || guidanceLatents !== undefined)
    console.log(`latents: all ${model.config.model.latents} in each pass; the numbers in sampling are for rin sample`);
  if (file !== undefined) await writeGraph(model, file, { dtype, given });
  if (web === undefined) return 0;
  await writePage(model, web, { dtype, given });
  const code = given.has('--check') ? await checkPage(model, web) : 0;
  if (code !== 0) return code;
  if (port !== undefined) return showPage(web, port);
  console.log('put the folder on any host of static files, or show it here with --serve');
  return 0;
}

async function writeGraph(
  model: Model,
  file: string,
  { dtype, given }: { dtype: 'float32' | 'float16'; given: Given },
): Promise<void> {
  const { exportOnnx } = await import('../../export/exportOnnx.js');
  console.log(printable(`${file}: ${written(await exportOnnx(model, file, { dtype, reads: given.has('--reads') }))}`));
  if (!given.has('--check')) return;
  const { checkOnnx } = await import('../../export/checkOnnx.js');
  const differences = Object.entries(await checkOnnx(model, file));
  const each = differences.map(([name, difference]) => `${name} ${difference.toExponential(1)}`);
  console.log(`largest difference between onnxruntime-web and libtorch, of the largest number: ${each.join(', ')}`);
}

async function writePage(
  model: Model,
  folder: string,
  { dtype, given }: { dtype: 'float32' | 'float16'; given: Given },
): Promise<void> {
  const { exportWeb } = await import('../../export/exportWeb.js');
  const { engineSize } = await import('../../export/webFiles.js');
  const clips = await continuedClips(model, given);
  const { graph, files, page } = await exportWeb(model, folder, {
    dtype,
    ...(clips && { given: clips.map(({ clip }) => clip) }),
  });
  const [webgpu, wasm] = (await Promise.all([engineSize('webgpu'), engineSize('wasm')])).map(
    (size) => `${bytes(size.bytes)} (${bytes(size.compressed)} compressed)`,
  );
  const lines = [
    `${folder}: a web page, ${count(Object.keys(files).length)} files`,
    `  model   ${written(graph)}`,
    `  page    ${bytes(page)}`,
    `  engine  ${webgpu} with WebGPU, or ${wasm} without; a visitor loads one`,
  ];
  console.log(printable(lines.join('\n')));
}

/** Draws by the files of the page and by libtorch, and says how the samples differ. @returns the exit code */
async function checkPage(model: Model, folder: string): Promise<number> {
  const { checkWeb } = await import('../../export/checkWeb.js');
  using interruption = new Interruption(() => {});
  const { signal } = interruption;
  console.log('check: drawing by libtorch, and by the files of the page');
  try {
    const { seeds, sampler, engines, notes } = await checkWeb(model, folder, { signal });
    console.log(`  ${countOf(seeds.length, 'sample')} of ${sampler}`);
    for (const { engine, steps, bytes: all, differing } of engines) {
      const most = differing > 0 ? `, at most by ${steps.at(-1)}` : '';
      console.log(
        `  ${engine}, ${countOf(steps.length, 'step')}: ${count(differing)} of ${count(all)} bytes differ${most}`,
      );
    }
    for (const note of notes) console.log(`  ${note}`);
    console.log(printable(`  each step: ${join(folder, 'parity.json')}`));
  } catch (error) {
    if (error !== signal.reason) throw error;
    console.log('stopped; the page is complete');
  }
  return interruption.exitCode;
}

/** Serves the page until a signal comes. */
async function showPage(folder: string, port: number): Promise<number> {
  const { serve } = await import('../../export/serve.js');
  using interruption = new Interruption(() => {});
  await using serving = await serve(folder, { port });
  console.log(printable(`open ${serving.url} in a browser on this machine; Ctrl-C ends the server`));
  await new Promise((resolve) => interruption.signal.addEventListener('abort', resolve));
  return interruption.exitCode;
}

/** @throws UsageError if there is nothing to serve, or it is no port */
function portGiven(given: Given, web: string | undefined): number | undefined {
  const port = given.wholeNumber('--port', 0);
  if (port !== undefined && port > 65_535) throw new UsageError(`--port ${port}: expected a number up to 65535`);
  if (!given.has('--serve')) {
    if (port !== undefined) throw new UsageError(`--port ${port} is for --serve; give --serve too`);
    return undefined;
  }
  if (web === undefined) throw new UsageError('--serve shows the page of --web FOLDER; give --web page too');
  return port ?? 8080;
}

/** @throws UsageError if `--onnx` names no ONNX file */
function onnxFile(given: Given): string | undefined {
  const file = given.text('--onnx');
  if (file === undefined || file.toLowerCase().endsWith('.onnx')) return file;
  throw new UsageError(`--onnx ${file}: expected the name of an ONNX file, such as model.onnx`);
}

/** @throws UsageError if `--dtype` is none of those that a graph can have */
function dtypeGiven(given: Given): 'float32' | 'float16' {
  const dtype = given.text('--dtype') ?? 'float32';
  if (dtype === 'float32' || dtype === 'float16') return dtype;
  throw new UsageError(`--dtype ${dtype}: expected float32 or float16`);
}

/** `3.8 MB; 1,864,384 weights, 1,856,192 of them in float16 without an error` */
function written({ bytes: size, float16, float32, largestError }: OnnxExport): string {
  const error = largestError === 0 ? 'without an error' : `with an error of at most ${largestError.toPrecision(2)}`;
  const half = float16 === 0 ? 'all in float32' : `${count(float16)} of them in float16 ${error}`;
  return `${bytes(size)}; ${count(float16 + float32)} weights, ${half}`;
}
