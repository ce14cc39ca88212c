import type { SamplingConfig } from '../config/diffusion.js';

/** The keys of guidance in the `sampling` section. */
export type GuidanceConfig = Pick<SamplingConfig, 'guidance' | 'guidanceFrom' | 'guidanceTo'>;

/**
 * The weight of guidance at a signal level γ: `guidance` for γ from `guidanceFrom` to `guidanceTo`, 0 outside (Kynkäänniemi et
 * al. 2024, eq. 3). There the unlabelled pass is left out.
 */
export const guidanceAt = ({ guidance, guidanceFrom, guidanceTo }: GuidanceConfig, gamma: number): number =>
  gamma >= guidanceFrom && gamma <= guidanceTo ? guidance : 0;
