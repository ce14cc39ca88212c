import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { RinError } from '@rin/core';
import { noGrad, scope } from '@rin/torch';
import type { Config } from '../config/config.js';
import { loadModel, type Model } from '../diffusion/modelFile.js';
import { whyNot } from '../disk/systemError.js';
import type { Named } from '../model/named.js';
import { RIN } from '../model/rin.js';
import { namedModel } from '../runs/namedModel.js';
import type { Learner } from './learner.js';
import { compareMeaning } from './sameMeaning.js';

/** So many classes or parameters are named in a sentence. */
const mostNamed = 8;

/** The model that training starts from, `training.init`: loaded once, and held until its weights are copied. */
export interface InitialModel extends Disposable {
  readonly file: string;
  /** SHA-256 of the file, by which a run knows its initial model again */
  readonly digest: string;
  readonly model: Model;
}

/**
 * Loads the model to start from. Digest and weights come from one open file, so they belong together even if a run replaces
 * the file meanwhile.
 * @param path a model file, or the folder of a run
 * @throws {RinError} where there is none, or it cannot be read, is damaged or no model
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
 * Looks whether a configuration can train on from a model, which can be told before there are data.
 * @returns sentences about differences that only make a worse start
 * @throws {RinError} where parameters do not fit in shape, or mean something else under this configuration
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
      `${file}: its weights have another meaning here: ${listed(meaningless.map(sentence))}; use ${mends}, or leave --preset and --config out to take it from the file`,
    );
  }
  return worse.map(
    (each) => `${file} was trained otherwise: ${sentence(each)}; its weights are a worse start than with ${each.there}`,
  );
}

const sentence = ({ key, there, here }: { key: string; there: string; here: string }): string =>
  `${key} is ${there} there, ${here} here`;

/**
 * Gives a network that was not trained yet, and its average, the weights of a model. The projection of the labels is carried
 * over class by class, by name; a class that the model does not know stays as it was drawn.
 * @param init    fits the configuration (`checkInitialModel`)
 * @param classes names of the classes of the data
 * @returns what was done, in a sentence
 */
export function startFromModel(
  { tensors: { weights, average } }: Learner,
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
  copyAll(weights, average);
  return `starts from the averaged weights of ${file}${told}`;
}

/** Copies the columns of the label projection whose classes both sides know, and tells which. */
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
    fresh.length > 0 && `classes that start anew: ${listed(fresh)}`,
  ];
  return `; ${parts.filter((part) => part !== false).join('; ')}`;
}

const hasClasses = (one: Config, other: Config): boolean => one.model.classes + other.model.classes > 0;

/** Names of all parameters on either side but those of the labels, which are carried over class by class. */
function sharedNames(given: Named, own: Named, theirs: Config, config: Config): string[] {
  const isShared = (name: string): boolean => name in own && name in given;
  const isLabel = (name: string): boolean =>
    hasClasses(theirs, config) && (name === 'label.weight' || (name === 'label.bias' && !isShared(name)));
  return [...new Set([...Object.keys(given), ...Object.keys(own)])].filter((name) => !isLabel(name));
}

/** @throws {RinError} naming the parameters that are not of the same shape on both sides */
function checkShapes(file: string, given: Named, own: Named, theirs: Config, config: Config): void {
  const shapeOf = (tensor: Named[string] | undefined): string => (tensor ? `[${tensor.shape.join(', ')}]` : 'missing');
  const misfits = sharedNames(given, own, theirs, config).filter((name) => shapeOf(given[name]) !== shapeOf(own[name]));
  if (misfits.length === 0) return;
  const sentences = misfits.map((name) => `${name} is ${shapeOf(given[name])} there, ${shapeOf(own[name])} here`);
  throw new RinError(
    `${file}: its network is another one than that of the configuration: ${listed(sentences)}; ${mend(misfits, given, own, config.model)}`,
  );
}

/** What to change where learned positions alone stand in the way, for their shapes say nothing to most people. */
function mend(misfits: readonly string[], given: Named, own: Named, model: Config['model']): string {
  if (misfits.every((name) => name === 'interface_position')) {
    const tokens = given.interface_position?.shape[0];
    return `its learned positions are those of ${tokens} patches, so keep model.size and model.patch as they were there`;
  }
  if (misfits.every((name) => name === 'latents') && given.latents && own.latents) {
    const latents = model.latents + given.latents.shape[0] - own.latents.shape[0];
    return `time and condition tokens count among model.latents, so set it to ${latents}`;
  }
  return 'make the model section that of the file: leave --preset and --config out to take it from there';
}

const copyAll = (from: Named, to: Named): void =>
  noGrad(() => {
    for (const [name, tensor] of Object.entries(from)) to[name].copy_(tensor);
  });

const listed = (names: readonly string[]): string =>
  names.length > mostNamed
    ? `${names.slice(0, mostNamed).join(', ')} and ${names.length - mostNamed} more`
    : names.join(', ');
