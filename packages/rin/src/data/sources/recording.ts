import type { Skipped } from './source.js';

/** A file, or a member of an archive: a range of bytes that need not be in memory. */
export interface FilePart {
  /** path of the file, or of the archive */
  readonly path: string;
  /** position of its first byte */
  readonly offset: number;
  /** bytes; absent = to the end of the file */
  readonly size?: number;
}

/** One recording of a source: undecoded, with its class. It becomes any number of samples. */
export interface Recording {
  /** path within the source, with slashes */
  readonly name: string;
  /** index into the classes, or -1 for none */
  readonly label: number;
  /** a video for ffmpeg, an animated picture, a folder of pictures, a sound, or a clip that is decoded already */
  readonly kind: 'video' | 'animation' | 'frames' | 'sound' | 'decoded';
  /** the file; the frames of a folder in their order; none if it is decoded */
  readonly parts: readonly FilePart[];
  /** for `decoded`: a clip that `convertData` wrote */
  readonly clip?: StoredClip;
}

/** A clip in a folder of decoded samples. */
export interface StoredClip {
  /** [C, F, H, W] */
  readonly shape: readonly number[];
  /** of the folder */
  readonly fingerprint: string;
  /** planar [C, F, H, W] */
  read(): Uint8Array;
}

/** All recordings of a source. Their order is the same on every machine. */
export interface RecordingListing {
  readonly recordings: readonly Recording[];
  readonly classes: readonly string[];
  /** entries of the source's own list that are no recordings of the source */
  readonly missing: readonly Skipped[];
  close(): void;
}
