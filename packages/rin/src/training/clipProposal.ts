/** The fewest patches along a side of a frame, if the side allows it. */
const patches = 8;

/**
 * The patch of clips for which nobody chose one, after the preset `bouncing`: two frames in time if they divide the clip, and
 * about 8 patches along each side.
 * @param size [F, H, W]
 */
export function clipPatch([frames, height, width]: readonly number[]): number[] {
  const spatial = (side: number): number => {
    let patch = Math.max(1, Math.floor(side / patches));
    while (side % patch !== 0) patch--;
    return patch;
  };
  return [frames % 2 === 0 ? 2 : 1, spatial(height), spatial(width)];
}

/** About this number of patches for a sound. */
const soundPatches = 256;

/** The patch of sounds for which nobody chose one, after the preset `tones`: about 256 patches. @param size [L] */
export function soundPatch([length]: readonly number[]): number[] {
  let patch = Math.max(1, Math.floor(length / soundPatches));
  while (length % patch !== 0) patch--;
  return [patch];
}
