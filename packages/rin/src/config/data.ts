import { z } from 'zod';
import type * as types from './types.js';

/** The `data` section: how pictures and recordings become samples. The source itself is the key `source` (`--data`). */
export const DataConfig = z.strictObject({
  resize: z
    .enum(['center-crop', 'center-crop-dhariwal', 'fit'])
    .default('center-crop')
    .describe(
      'center-crop = largest centre square, scaled; center-crop-dhariwal = the same, by the method of ADM; fit = whole picture, scaled, on the background',
    ),
  frameRate: z
    .number()
    .positive()
    .max(1000)
    .optional()
    .describe('frames per second of clips; without it, as in each file'),
  stride: z
    .int()
    .min(1)
    .optional()
    .describe(
      'a longer video or sound becomes several samples: frames, or values, from the start of one to the next; default: the length of a sample',
    ),
  sampleRate: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe('samples per second of sounds, which are resampled; without it, 16,000'),
  flip: z.boolean().default(false).describe('mirror each picture or clip left-right half of the time'),
  background: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/)
    .default('#ffffff')
    .describe('colour behind transparent pictures')
    .meta({ placeholder: '#RRGGBB', expected: 'a colour such as #ffffff' }),
});
export type DataConfig = types.DataConfig;

/** Samples per second of sounds. */
export const soundRate = ({ sampleRate = 16_000 }: Pick<DataConfig, 'sampleRate'>): number => sampleRate;
