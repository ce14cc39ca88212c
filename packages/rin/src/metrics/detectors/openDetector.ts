import { RinError } from '@rin/core';
import type { Detector, DetectorRequest } from './detector.js';

/** Opens a detector. @throws RinError if there is none of this name */
export async function openDetector(request: DetectorRequest): Promise<Detector> {
  throw new RinError(`${request.name} is no detector`);
}
