/** The bytes of a clip, planar [C, F, H, W]. */
export interface ClipBytes {
  readonly data: Uint8Array;
  readonly shape: readonly number[];
}

/** `count` frames of a clip [C, F, H, W] of any number of channels, from `first` on. The clip must have them. */
export function cutClip({ data, shape }: ClipBytes, first: number, count: number): ClipBytes {
  const [channels, frames, height, width] = shape;
  const plane = height * width;
  const cut = new Uint8Array(channels * count * plane);
  for (let channel = 0; channel < channels; channel++) {
    const start = (channel * frames + first) * plane;
    cut.set(data.subarray(start, start + count * plane), channel * count * plane);
  }
  return { data: cut, shape: [channels, count, height, width] };
}

/** The frames of one clip [C, F, H, W], then those of another [C, G, H, W]. The other sizes must be equal. */
export function joinClips(one: ClipBytes, other: ClipBytes): ClipBytes {
  const [channels, frames, height, width] = one.shape;
  const [first, second] = [one, other].map((clip) => clip.data.length / channels);
  const data = new Uint8Array(one.data.length + other.data.length);
  for (let channel = 0; channel < channels; channel++) {
    const start = channel * (first + second);
    data.set(one.data.subarray(channel * first, (channel + 1) * first), start);
    data.set(other.data.subarray(channel * second, (channel + 1) * second), start + first);
  }
  return { data, shape: [channels, frames + other.shape[1], height, width] };
}
