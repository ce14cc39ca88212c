import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors, writeSafetensors } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import { loadModel, type Model, saveModel } from '../../src/diffusion/modelFile.js';
import { toTensor } from '../model/reference/compare.js';
import type { Values } from '../model/reference/values.js';

export const root = fileURLToPath(new URL('../../../../../', import.meta.url));
export const example = join(root, 'examples/pytorch/rin.py');
const child = join(root, 'packages/rin/test/pytorch/child.py');

const { findPython } = (await import(new URL('scripts/python.mjs', `file://${root}`).href)) as {
  findPython(): Promise<string | undefined>;
};
export const python = await findPython();
/** What tests that need PyTorch are given as options. */
export const needsPython = { skip: python === undefined && 'no Python with PyTorch is here; npm run python makes one' };

/** The mean square of the data that the models of all questions are saved with. */
export const meanSquare = 0.3;

/** What `child.py` is asked: the task, a model, and what the task says that it needs. */
export interface Question {
  readonly task: 'forward' | 'loss' | 'sample' | 'initial';
  readonly config: Config;
  readonly parameters: Readonly<Record<string, Values>>;
  readonly given: Readonly<Record<string, Values>>;
  readonly seeds?: readonly number[];
  /** section of a longer clip; default 0 */
  readonly section?: number;
}

/** What came back, and our model, read from the same file. */
export interface Answer {
  readonly answer: Readonly<Record<string, Values>>;
  readonly model: Model;
}

/** Asks all questions in one process, as the start of PyTorch takes seconds; nothing is answered without Python. */
export async function ask<Name extends string>(questions: Readonly<Record<Name, Question>>) {
  const answers = new Map<Name, Answer>();
  if (python === undefined) return answers;
  const folder = mkdtempSync(join(tmpdir(), 'rin-pytorch-'));
  try {
    const all = Object.entries<Question>(questions).map(([name, question], i) => ({ name, question, file: String(i) }));
    for (const { file, question } of all) {
      const { config, parameters, given } = question;
      const stored = { config, classes: [], meanSquare, parameters: toTensors(parameters) };
      await saveModel(join(folder, `${file}.model.safetensors`), stored);
      await writeSafetensors(join(folder, `${file}.given.safetensors`), toTensors(given));
    }
    const cases = all.map(({ file, question: { task, seeds, section } }) => ({ name: file, task, seeds, section }));
    writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases));
    const { status, stderr } = spawnSync(python, [child, example, folder], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    for (const { name, file } of all) {
      const { tensors } = await readSafetensors(join(folder, `${file}.answer.safetensors`));
      const values = Object.entries(tensors).map(([key, tensor]): [string, Values] => {
        return [key, { shape: [...tensor.shape], data: tensor.toTypedArray() as Float64Array }];
      });
      const model = await loadModel(join(folder, `${file}.model.safetensors`));
      answers.set(name as Name, { answer: Object.fromEntries(values), model });
    }
    return answers;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const toTensors = (all: Readonly<Record<string, Values>>) =>
  Object.fromEntries(Object.entries(all).map(([name, values]) => [name, toTensor(values, 'float64')]));

/**
 * Fails where gradients differ by more than the tolerance, relative to the largest of the parameter, or to 0.01 of the
 * largest of all where that is more: the bias of keys has none but what rounding leaves.
 */
export function assertEqualGradients(
  found: Readonly<Record<string, ArrayLike<number>>>,
  answer: Answer['answer'],
  tolerance: number,
): void {
  const prefix = 'gradient.';
  const expected = Object.keys(answer).filter((name) => name.startsWith(prefix));
  assert.deepEqual(Object.keys(found).sort(), expected.map((name) => name.slice(prefix.length)).sort());
  const largest = (values: Float64Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const least = 0.01 * Math.max(...expected.map((name) => largest(answer[name].data)));
  for (const [name, values] of Object.entries(found)) {
    const { data } = answer[prefix + name];
    assert.equal(values.length, data.length, name);
    const scale = Math.max(largest(data), least);
    const difference = data.reduce((most, value, i) => Math.max(most, Math.abs(value - values[i])), 0) / scale;
    assert.ok(difference <= tolerance, `gradient of ${name}: off by ${difference} of its largest`);
  }
}
