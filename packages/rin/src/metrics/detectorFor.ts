/** The detector that is used if none is named, by the medium of the samples. */
export const usualDetector = { picture: 'efficientnet-lite0', clip: 'i3d-kinetics-400' } as const;
