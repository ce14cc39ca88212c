import { lengthOf, RinError } from '@rin/core';
import { cat, type Device, stack, type Tensor, tensor } from '@rin/torch';
import type { Detector, DetectorName } from './detector.js';

const dimensions = { picture: 3, clip: 4 } as const;
const words = { picture: ['pictures', '[C, H, W]'], clip: ['clips', '[C, T, H, W]'] } as const;

/** The detector for the other medium, by name. */
const counterpart: Readonly<Record<DetectorName, DetectorName>> = {
  'efficientnet-lite0': 'i3d-kinetics-400',
  'i3d-kinetics-400': 'efficientnet-lite0',
  inception: 'i3d',
  i3d: 'inception',
};

/**
 * Samples as one tensor [B, 3, ...size] of float32 in 0 to 255. A single channel is repeated three times.
 * @param batch  uint8, planar
 * @param shape  [C, H, W] or [C, T, H, W]
 * @throws RinError if the samples are of another medium, have neither 1 nor 3 channels, or do not fill the shape
 */
export function pixelsOf(
  batch: readonly Uint8Array[],
  shape: readonly number[],
  { name, medium }: Pick<Detector, 'name' | 'medium'>,
  device: Device,
): Tensor {
  const [plural, axes] = words[medium];
  const given = `samples of the shape [${shape.join(', ')}]`;
  if (shape.length !== dimensions[medium]) {
    const other = medium === 'picture' ? 'clip' : 'picture';
    const mend =
      shape.length === dimensions[other] ? `; for ${words[other][0]} use --detector ${counterpart[name]}` : '';
    throw new RinError(`the detector ${name} takes ${plural} ${axes}, got ${given}${mend}`);
  }
  const channels = shape[0];
  if (channels !== 1 && channels !== 3)
    throw new RinError(`the detector ${name} takes ${plural} of 1 or 3 channels, got ${given}`);
  const length = lengthOf(shape);
  if (!(Number.isSafeInteger(length) && length > 0)) throw new RinError(`the detector ${name}: ${given} are empty`);
  const wrong = batch.find((sample) => sample.length !== length);
  if (wrong)
    throw new RinError(
      `the detector ${name}: a sample has ${wrong.length} bytes, but [${shape.join(', ')}] needs ${length}`,
    );
  const pixels = stack(batch.map((sample) => tensor(sample, shape)))
    .to(device)
    .float();
  return channels === 3 ? pixels : cat([pixels, pixels, pixels], 1);
}
