/** [H, W, C] to [C, H, W]. */
export function planar(interleaved: Uint8Array, channels: number): Uint8Array {
  const plane = interleaved.length / channels;
  const out = new Uint8Array(interleaved.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let from = channel, to = channel * plane; from < interleaved.length; from += channels)
      out[to++] = interleaved[from];
  }
  return out;
}

/** [C, H, W] to [H, W, C]. */
export function interleaved(planar: Uint8Array, channels: number): Uint8Array {
  const plane = planar.length / channels;
  const out = new Uint8Array(planar.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let to = channel, from = channel * plane; to < out.length; to += channels) out[to] = planar[from++];
  }
  return out;
}

/** Exchanges left and right of planar pixels [C, H, W] in place. @param width W */
export function mirror(planar: Uint8Array, width: number): void {
  for (let row = 0; row < planar.length; row += width) planar.subarray(row, row + width).reverse();
}
