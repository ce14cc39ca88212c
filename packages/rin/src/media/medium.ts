import { type Medium, mediumOf } from '@rin/core';
import type { Clip } from './clip.js';
import type { Image } from './image.js';
import type { Sound } from './sound.js';

export { type Medium, mediumOf };

/** A sample of a model, with its medium: uint8, planar [C, ...size]. */
export type MediumSample =
  | ({ readonly medium: 'picture' } & Image)
  | ({ readonly medium: 'clip' } & Clip)
  | ({ readonly medium: 'sound' } & Sound);
