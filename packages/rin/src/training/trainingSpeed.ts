import type { Config } from '../config/config.js';
import { Learner } from './learner.js';
import { chooseCompute, useThreads } from './resources/compute.js';
import { timedSpeed } from './resources/forecast.js';

/** Mean of x² of typical data. The speed does not depend on it. */
const meanSquare = 1 / 3;

/**
 * Images per second of a training on this machine, from a short pass of at most 3 s.
 * @returns undefined if memory does not suffice
 */
export function trainingSpeed(config: Config): number | undefined {
  useThreads(config.training.threads);
  using learner = new Learner(config, meanSquare, chooseCompute(config.training));
  return timedSpeed(learner);
}
