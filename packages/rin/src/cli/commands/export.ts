import { bytes, count, printable, quoted, UsageError } from '@rin/core';
import type { OnnxExport } from '../../export/exportOnnx.js';
import type { Command, Given } from '../terminal/command.js';
import { makeFileReady } from './outputs.js';

export const command: Command = {
  name: 'export',
  usage: '[MODEL] --onnx FILE [OPTIONS]',
  description:
    'Writes the network of a model as an ONNX graph, which other programs compute. The model is a model.safetensors, or a\n' +
    'run by folder, name or number. The default is the newest run with a model, or the demo model.',
  examples: [
    ['rin export --onnx model.onnx', 'the newest model'],
    ['rin export 3 --onnx model.onnx --check', 'from the run 3, and compute it with onnxruntime-web too'],
    ['rin export 3 --onnx model.onnx --dtype float16', 'a file of half the size; the weights are rounded'],
  ],
  operands: 1,
  meant: (argument) => (argument.endsWith('.onnx') ? `--onnx ${quoted(argument)}` : undefined),
  sections: [
    {
      title: 'Options',
      options: [
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
          description: 'compute a pass with onnxruntime-web and with libtorch, and show the largest difference',
        },
      ],
    },
  ],
  run: exportCommand,
};

async function exportCommand(given: Given): Promise<number> {
  const [file, dtype] = [onnxFile(given), dtypeGiven(given)];
  const { findModel } = await import('../../runs/findModel.js');
  const path = await findModel(given.operands[0]);
  const [{ loadModel }, { exportOnnx }, { checkOnnx }, { loadRuntime }] = await Promise.all([
    import('../../diffusion/modelFile.js'),
    import('../../export/exportOnnx.js'),
    import('../../export/checkOnnx.js'),
    import('../../export/session.js'),
  ]);
  if (given.has('--check')) await loadRuntime(); // before the work
  await makeFileReady(file);
  const model = await loadModel(path);
  console.log(printable(`model: ${path}`));
  console.log(printable(`${file}: ${written(await exportOnnx(model, file, { dtype, reads: given.has('--reads') }))}`));
  if (given.has('--check')) {
    const differences = Object.entries(await checkOnnx(model, file));
    const each = differences.map(([name, difference]) => `${name} ${difference.toExponential(1)}`);
    console.log(`largest difference between onnxruntime-web and libtorch, of the largest number: ${each.join(', ')}`);
  }
  return 0;
}

/** @throws UsageError if `--onnx` is missing, or names no ONNX file */
function onnxFile(given: Given): string {
  const file = given.text('--onnx');
  if (file === undefined) throw new UsageError('name the file to write: --onnx model.onnx');
  if (file.toLowerCase().endsWith('.onnx')) return file;
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
