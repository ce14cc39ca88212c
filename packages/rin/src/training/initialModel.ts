import { RinError } from '@rin/core';
import { noGrad, scope } from '@rin/torch';
import type { Config } from '../config/config.js';
import { loadModel, type Model } from '../diffusion/modelFile.js';
import type { Named } from '../model/named.js';
import { RIN } from '../model/rin.js';
import { sha256OfFile } from '../runs/checkpoint.js';
import { modelFile, namedModel } from '../runs/namedModel.js';
import type { Learner } from './learner.js';

/** So many classes or parameters are named in a sentence. */
const mostNamed = 8;

/** SHA-256 of the model `training.init`; undefined where a run is to start from none, or where it is gone. */
export async function initialDigest(config: Config): Promise<string | undefined> {
  const file = initialFile(config);
  return file === undefined ? undefined : sha256OfFile(file);
}

const initialFile = ({ training: { init } }: Config): string | undefined =>
  init === undefined ? undefined : modelFile(init);

/**
 * Looks whether the model `training.init` fits, which can be told before there are data. Where it is gone, that is no matter
 * here: a run that began from it goes on without it.
 * @throws {RinError} where it is no model, or its parameters do not fit
 */
export async function checkInitialModel(config: Config): Promise<void> {
  const file = initialFile(config);
  if (file === undefined) return;
  const model = await loadModel(file);
  const given = model.network.parameters();
  const own = new RIN(config.model, { seed: null }).parameters();
  try {
    checkShapes(file, given, own, model.config, config);
  } finally {
    for (const tensor of [...Object.values(given), ...Object.values(own)]) tensor.dispose();
  }
}

/**
 * Gives a network that was not trained yet, and its average, the weights of the model `training.init`. The projection of
 * the labels is carried over class by class, by name; a class that the model does not know stays as it was drawn.
 * @param path    of the model, or of its run
 * @param classes names of the classes of the data
 * @returns what was done, in a sentence
 * @throws {RinError} where there is no such model, or its parameters do not fit
 */
export async function startFromModel(
  { tensors: { weights }, averages }: Learner,
  config: Config,
  path: string,
  classes: readonly string[],
): Promise<string> {
  const file = namedModel(path);
  const model = await loadModel(file);
  const given = model.network.parameters();
  try {
    const common = checkShapes(file, given, weights, model.config, config);
    copyAll(common, weights);
    const told = hasClasses(model.config, config)
      ? carryClasses(model, given, config.model.classes > 0 ? classes : [], weights)
      : '';
    averages.start(weights);
    return `starts from the averaged weights of ${file}${told}`;
  } finally {
    for (const tensor of Object.values(given)) tensor.dispose();
  }
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

/**
 * Looks at all parameters but the projection of the labels, which is carried over class by class.
 * @returns what can be copied as it is
 * @throws {RinError} naming the parameters that are not of the same shape on both sides
 */
function checkShapes(file: string, given: Named, own: Named, theirs: Config, config: Config): Named {
  const isShared = (name: string): boolean => name in own && name in given;
  const isLabel = (name: string): boolean =>
    hasClasses(theirs, config) && (name === 'label.weight' || (name === 'label.bias' && !isShared(name)));
  const shapeOf = (tensor: Named[string] | undefined): string => (tensor ? `[${tensor.shape.join(', ')}]` : 'missing');
  const names = [...new Set([...Object.keys(given), ...Object.keys(own)])].filter((name) => !isLabel(name));
  const misfits = names.filter((name) => shapeOf(given[name]) !== shapeOf(own[name]));
  if (misfits.length === 0) return Object.fromEntries(names.map((name) => [name, given[name]]));
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
