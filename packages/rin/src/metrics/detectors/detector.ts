import type { Device } from '@rin/torch';

/** The detectors, by the word of `--detector`. */
export const detectorNames = ['efficientnet-lite0', 'i3d-kinetics-400', 'inception', 'i3d'] as const;

/** One of `detectorNames`. */
export type DetectorName = (typeof detectorNames)[number];

/**
 * A network that turns samples into features, in which their distribution is compared. Everything that changes a figure is
 * among its properties, so that a protocol can name it.
 */
export interface Detector {
  readonly name: DetectorName;
  /**
   * What its figures are called: the Fréchet distance and the kernel distance. `FID`, `KID` and `FVD` are only for the
   * published weights, which are recognised by their SHA-256.
   */
  readonly figures: { readonly frechet: string; readonly kernel: string };
  /** File name of the weights, without its folder. */
  readonly file: string;
  /** SHA-256 of the weights file that was read, in hexadecimal. */
  readonly sha256: string;
  /** What happens to a sample before the network, in one phrase: the resize rule and the range of the input. */
  readonly preprocessing: string;
  readonly medium: 'picture' | 'clip';
  /** Length F of a feature vector. */
  readonly features: number;
  /** Number of logits; 0 if the network gives none. */
  readonly classes: number;
  /**
   * Features of uint8 samples in 0 to 255, all of one size. A single channel is repeated three times.
   * @param batch  planar samples: [C, H, W] for pictures, [C, T, H, W] for clips
   * @param shape  the shape of each sample, such as [3, 32, 32]
   * @returns features [count·F], and logits [count·classes], which are empty if there are no classes
   * @throws RinError if the samples are of another medium, have neither 1 nor 3 channels, or do not fill the shape
   */
  extract(batch: readonly Uint8Array[], shape: readonly number[]): { features: Float32Array; logits: Float32Array };
  /** Frees the memory of the network. It cannot be used afterwards. */
  dispose(): void;
}

/** What `openDetector` takes. */
export interface DetectorRequest {
  /** One of `detectorNames`. */
  readonly name: string;
  /** The file of the weights. `inception` and `i3d` need it; the others use it instead of the fetched file. */
  readonly path?: string;
  /** Width and height to which samples are scaled: for `efficientnet-lite0` 128 (default) or 224. */
  readonly size?: number;
  /** Default: `cpu` */
  readonly device?: Device;
  /** Is told what takes time, such as a download, in one line. */
  readonly onProgress?: (text: string) => void;
}
