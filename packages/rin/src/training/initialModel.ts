import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { RinError } from '@rin/core';
import { type Named, noGrad, scope } from '@rin/torch';
import type { Config } from '../config/config.js';
import { loadModel, type Model } from '../diffusion/modelFile.js';
import { whyNot } from '../disk/systemError.js';
import { RIN } from '../model/rin.js';
import { namedModel } from '../runs/namedModel.js';
import type { Learner } from './learner.js';
import { compareMeaning } from './sameMeaning.js';

/** Most classes or parameters that a sentence names. */
const mostNamed = 8;

/** The initial model of a run, `training.init`. It is loaded once and stays in memory until its weights are copied. */
export interface InitialModel extends Disposable {
  readonly file: string;
  /** SHA-256 of the file, by which a run recognises its initial model */
  readonly digest: string;
  readonly model: Model;
}

/**
 * Loads the model to start from. Digest and weights come from one open file, so they belong together even if a run replaces
 * the file meanwhile.
 * @param path a model file, or the folder of a run
 * @throws RinError if there is no model, or if it cannot be read, is damaged or is not a model
 */
export async function openInitialModel(path: string): Promise<InitialModel> {
  const file = namedModel(path);
  try {
    const from = await open(file, 'r');
    const hash = createHash('sha256');
    try {
      await pipeline(from.createReadStream({ autoClose: false }), hash);
    } catch (error) {
      await from.close();
      throw error;
    }
    const model = await loadModel(file, { from });
    return { file, digest: hash.digest('hex'), model, [Symbol.dispose]: () => dispose(model.network.parameters()) };
  } catch (error) {
    const reason = whyNot(error);
    throw reason ? new RinError(`cannot read ${file}: ${reason}`) : error;
  }
}

const dispose = (tensors: Named): void => {
  for (const tensor of Object.values(tensors)) tensor.dispose();
};

/**
 * Checks whether a configuration can start from a model. It needs no data.
 * @returns sentences about differences that only make a worse start
 * @throws RinError if parameters have other shapes, or mean something else under this configuration
 */
export function checkInitialModel({ file, model }: InitialModel, config: Config): string[] {
  const own = new RIN(config.model, { seed: null }).parameters();
  try {
    checkShapes(file, model.network.parameters(), own, model.config, config);
  } finally {
    dispose(own);
  }
  const { meaningless, worse } = compareMeaning(model.config, config);
  if (meaningless.length > 0) {
    const mends = meaningless.map(({ key, there }) => `${key} ${there}`).join(', ');
    throw new RinError(
      `${file}: its weights mean something else here: ${listed(meaningless.map(sentence))}; use ${mends}, or leave out --preset and --config to take the configuration of the file`,
    );
  }
  return worse.map(
    (each) =>
      `${file} was trained with another value: ${sentence(each)}; its weights are a worse start than with ${each.there}`,
  );
}

const sentence = ({ key, there, here }: { key: string; there: string; here: string }): string =>
  `${key} is ${there} there, ${here} here`;

/**
 * Copies the weights of a model to an untrained network and its averages. The label projection is copied class by class, by
 * name. A class that the model does not know keeps its random values.
 * @param init    a model that fits the configuration (`checkInitialModel`)
 * @param classes names of the classes of the data
 * @returns a sentence about the copy
 */
export function startFromModel(
  { tensors: { weights }, averages }: Learner,
  config: Config,
  { file, model }: InitialModel,
  classes: readonly string[],
): string {
  const given = model.network.parameters();
  copyAll(
    Object.fromEntries(sharedNames(given, weights, model.config, config).map((name) => [name, given[name]])),
    weights,
  );
  const told = hasClasses(model.config, config)
    ? carryClasses(model, given, config.model.classes > 0 ? classes : [], weights)
    : '';
  averages.start(weights);
  return `starts from the averaged weights of ${file}${told}`;
}

/** Copies the columns of the label projection whose classes both sides know, and names them. */
function carryClasses(model: Model, given: Named, classes: readonly string[], weights: Named): string {
  if (classes.length === 0) return ', without its classes';
  const known = model.config.model.classes > 0 ? model.classes : [];
  const carried = classes.filter((name) => known.includes(name));
  scope(() =>
    noGrad(() => {
      for (const name of carried) {
        const to = weights['label.weight'].narrow(1, classes.indexOf(name), 1); // [d' or d, 1]
        to.copy_(given['label.weight'].narrow(1, known.indexOf(name), 1));
      }
    }),
  );
  const fresh = classes.filter((name) => !known.includes(name));
  const parts = [
    carried.length > 0 && `classes carried over: ${listed(carried)}`,
    fresh.length > 0 && `new classes: ${listed(fresh)}`,
  ];
  return `; ${parts.filter((part) => part !== false).join('; ')}`;
}

const hasClasses = (one: Config, other: Config): boolean => one.model.classes + other.model.classes > 0;

/** Names of all parameters on either side, except the label projection, which is copied class by class. */
function sharedNames(given: Named, own: Named, theirs: Config, config: Config): string[] {
  const isShared = (name: string): boolean => name in own && name in given;
  const isLabel = (name: string): boolean =>
    hasClasses(theirs, config) && (name === 'label.weight' || (name === 'label.bias' && !isShared(name)));
  return [...new Set([...Object.keys(given), ...Object.keys(own)])].filter((name) => !isLabel(name));
}

/** @throws RinError if shapes differ between both sides; it names the parameters */
function checkShapes(file: string, given: Named, own: Named, theirs: Config, config: Config): void {
  const shapeOf = (tensor: Named[string] | undefined): string => (tensor ? `[${tensor.shape.join(', ')}]` : 'missing');
  const misfits = sharedNames(given, own, theirs, config).filter((name) => shapeOf(given[name]) !== shapeOf(own[name]));
  if (misfits.length === 0) return;
  const sentences = misfits.map((name) => `${name} is ${shapeOf(given[name])} there, ${shapeOf(own[name])} here`);
  throw new RinError(
    `${file}: its network differs from the configuration: ${listed(sentences)}; ${mend(misfits, given, own, config.model)}`,
  );
}

/** How to fix other shapes. If only learned positions differ, it names their keys, because shapes tell little about them. */
function mend(misfits: readonly string[], given: Named, own: Named, model: Config['model']): string {
  if (misfits.every((name) => name === 'interface_position')) {
    const tokens = given.interface_position?.shape[0];
    return `its learned positions belong to ${tokens} patches, so use the model.size and model.patch of the file`;
  }
  if (misfits.every((name) => name === 'latents') && given.latents && own.latents) {
    const latents = model.latents + given.latents.shape[0] - own.latents.shape[0];
    return `time and condition tokens count among model.latents, so set it to ${latents}`;
  }
  return 'use the model section of the file: leave out --preset and --config to take it from there';
}

const copyAll = (from: Named, to: Named): void =>
  noGrad(() => {
    for (const [name, tensor] of Object.entries(from)) to[name].copy_(tensor);
  });

const listed = (names: readonly string[]): string =>
  names.length > mostNamed
    ? `${names.slice(0, mostNamed).join(', ')} and ${names.length - mostNamed} more`
    : names.join(', ');
