import { join } from 'node:path';
import { bytes, count, duration, quoted } from '@rin/core';
import type { Config } from '../../config/config.js';
import type { DataProgress } from '../../data/progress.js';
import { modelName } from '../../runs/namedModel.js';
import type { Progress } from '../../training/progress.js';
import type { Stretch } from '../../training/trainer.js';
import { calling } from './calling.js';
import { bar } from './screen.js';

/** The progress of training, in one line. @param isLive  with a bar, for a moving line */
export function trainingLine(progress: Progress, isLive: boolean): string {
  const { images, total, loss, validationLoss, learningRate, imagesPerSecond: speed, sampling } = progress;
  const { secondsLeft, memory, evaluating, figures } = progress;
  const share = images / total;
  const parts = [
    `${count(images)} of ${count(total)} images (${Math.floor(100 * share)}%)`,
    sampling && `drawing samples, step ${sampling.step} of ${sampling.steps}`,
    evaluating && `evaluating ${count(Math.floor(evaluating.done))} of ${count(evaluating.total)} samples`,
    speed !== null && `${speed < 100 ? speed.toPrecision(2) : count(Math.round(speed))} images/s`,
    loss !== null && `loss ${loss.toPrecision(3)}`,
    validationLoss !== null && `validation ${validationLoss.toPrecision(3)}`,
    ...Object.entries(figures ?? {}).map(([name, value]) => `${name} ${value.toPrecision(3)}`),
    `learning rate ${learningRate.toPrecision(2)}`,
    secondsLeft !== null && `${duration(secondsLeft)} left`,
    bytes(memory),
  ].filter((part) => typeof part === 'string');
  return `${isLive ? `${bar(share)} ` : ''}${parts.join(', ')}`;
}

/** The progress of preparing the data. */
export function dataLine({ stage, what, done, total, skipped }: DataProgress): string {
  return `${stage} ${what}: ${count(done)} of ${count(total)}${skipped > 0 ? `, ${count(skipped)} unreadable` : ''}`;
}

/** How training ended, and what to do next. */
export function outcome({ run, images, finished }: Stretch, { training }: Config): string {
  if (run === null) return 'stopped before training began';
  if (finished) return `${join(run, modelName)} is ready; draw from it: ${calling} sample ${quoted(run)}`;
  return `stopped at ${count(images)} of ${count(training.images)} images and saved; run the same command again to resume`;
}
