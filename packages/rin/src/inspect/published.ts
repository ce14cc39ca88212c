import { sizeList } from '@rin/core';

/** A published number of operations. */
export interface PublishedFlops {
  readonly model: 'RIN' | 'ADM' | 'CDM' | 'Video Diffusion';
  /** operations of a forward pass, in units of 10⁹; a multiplication and an addition are two */
  readonly gflops: number;
  /** FID on ImageNet; FVD on Kinetics-600 */
  readonly distance: number;
}

/**
 * Figure 1 of the paper: operations and quality of RIN and of U-Nets. ADM and CDM are U-Nets for ImageNet, CDM a cascade.
 * Video Diffusion is a U-Net for clips. The figure's labels do not name their bars, so the pairs follow from the known FIDs.
 *
 * The numbers for RIN are above every count from the formulas: by 20 to 40 % for the networks of the presets. The paper's
 * configurations are not known, so the cause is not known either.
 */
const figure: readonly { readonly size: readonly number[]; readonly flops: readonly PublishedFlops[] }[] = [
  {
    size: [128, 128],
    flops: [
      { model: 'RIN', gflops: 194, distance: 2.7 },
      { model: 'ADM', gflops: 538, distance: 5.9 },
      { model: 'CDM', gflops: 1260, distance: 3.5 },
    ],
  },
  {
    size: [256, 256],
    flops: [
      { model: 'RIN', gflops: 334, distance: 3.4 },
      { model: 'ADM', gflops: 2212, distance: 10.9 },
      { model: 'CDM', gflops: 2632, distance: 4.9 },
    ],
  },
  {
    size: [512, 512],
    flops: [
      { model: 'RIN', gflops: 425, distance: 3.9 },
      { model: 'ADM', gflops: 4122, distance: 23.2 },
    ],
  },
  {
    size: [16, 64, 64],
    flops: [
      { model: 'RIN', gflops: 387, distance: 10.8 },
      { model: 'Video Diffusion', gflops: 4136, distance: 16.6 },
    ],
  },
];

/** The published operations at a size of colour samples; none for other sizes. */
export function publishedFlops(size: number | readonly number[]): readonly PublishedFlops[] {
  const text = sizeList(size).join();
  return figure.find((entry) => entry.size.join() === text)?.flops ?? [];
}
