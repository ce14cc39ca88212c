import { ConfigError, countOf, quoted, sizeList, UsageError } from '@rin/core';
import { parseConfig, valueAt } from '../../config/parse.js';
import { isBuiltIn } from '../../data/builtIn.js';
import { type ConvertOptions, convertData } from '../../data/convert.js';
import { setFlag } from '../configuration/flags.js';
import { calling } from '../terminal/calling.js';
import type { Given } from '../terminal/command.js';
import { dataLine } from '../terminal/progressLines.js';
import type { Screen } from '../terminal/screen.js';

/** Writes the pictures of a source as samples, and prints the command that trains on them. */
export async function convert(
  source: string,
  target: string,
  given: Given,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const { pictures, shape, skipped, notice } = await convertData(source, target, {
    ...typed(given),
    signal,
    onProgress: (progress) => screen.status(() => dataLine(progress)),
  });
  for (const line of notice?.split('\n') ?? []) screen.say(line);
  for (const { name, reason } of skipped) screen.say(`skipped ${name}: ${reason}`);
  const [channels, ...axes] = shape;
  const isClip = axes.length === 3;
  const [height, width] = axes.slice(-2);
  const kind = `${isClip ? `${axes[0]} frames of ` : ''}${width}×${height}, ${channels === 1 ? 'grey' : 'colour'}`;
  const grey = channels === 1 ? ' --model.channels 1' : '';
  const size = axes.length === 2 && width === height ? width : axes.join(',');
  const data = isBuiltIn(target) ? `./${target}` : target; // the name alone is the built-in set
  screen.say(
    `${target}: ${countOf(pictures, isClip ? 'clip' : 'picture')}, ${kind}; ${calling} train --data ${quoted(data)} --size ${size}${grey}`,
  );
}

/** The keys that the flags set. */
const keys = {
  '--size': 'model.size',
  '--channels': 'model.channels',
  '--resize': 'data.resize',
  '--background': 'data.background',
  '--frame-rate': 'data.frameRate',
  '--stride': 'data.stride',
};

/** The typed flags, checked like the same keys of a configuration. */
function typed(given: Given): ConvertOptions {
  const value = Object.entries(keys).reduce<unknown>(
    (config, [flag, path]) => {
      const text = given.text(flag);
      return text === undefined ? config : setFlag(config, path, text);
    },
    { model: { size: 1, patch: 1 }, training: { batch: 1 } }, // nothing is trained, so no batch limits the size
  );
  const asked = valueAt(value, 'model.size');
  const foreign = ['--frame-rate', '--stride'].find((flag) => given.has(flag));
  if (foreign !== undefined && !(Array.isArray(asked) && asked.length === 3))
    throw new UsageError(`${foreign} is for clips; give --size three axes, such as 16,32,32`);
  try {
    const { model, data } = parseConfig(value, 'rin data');
    if (model.channels !== 1 && model.channels !== 3)
      throw new UsageError(`--channels is ${model.channels}; expected 1 (grey) or 3 (colour)`);
    const size = sizeList(model.size);
    if (given.has('--size') && size.length !== 2 && size.length !== 3)
      throw new UsageError(`--size is ${given.text('--size')}; expected a number, height,width or frames,height,width`);
    return {
      resize: data.resize,
      background: data.background,
      ...(data.frameRate !== undefined && { frameRate: data.frameRate }),
      ...(data.stride !== undefined && { stride: data.stride }),
      ...(given.has('--size') && { size }),
      ...(given.has('--channels') && { channels: model.channels }),
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(error.message.replaceAll(/rin data: (model|data)\./g, '--'));
  }
}
