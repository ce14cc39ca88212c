import { RinError } from '@rin/core';

/** A sound of one channel: uint8, planar [1, L]. Each value is a μ-law companded amplitude (`compand`). */
export interface Sound {
  readonly data: Uint8Array;
  /** [1, L] */
  readonly shape: readonly number[];
}

/** Returns the sound if it is valid. @throws RinError if it is not [1, L], or has another number of values */
export function checkSound(sound: Sound): Sound {
  const { data, shape } = sound;
  if (shape.length === 2 && shape[0] === 1 && data.length === shape[1]) return sound;
  throw new RinError(`a sound of [${shape.join(', ')}] with ${data.length} values: expected [1, length]`);
}

/** Sounds one after the other. */
export function joined(sounds: readonly Sound[]): Sound {
  const data = Buffer.concat(sounds.map((sound) => checkSound(sound).data));
  return { data, shape: [1, data.length] };
}
