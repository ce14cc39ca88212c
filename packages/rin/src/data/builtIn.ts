/** Names of the built-in sets: pictures, clips of them, and sounds. They have precedence over a file or a folder of this name. */
export const builtIn = 'emoji';
export const builtInClips = 'bouncing';
export const builtInSounds = 'tones';
export const isBuiltIn = (source: string): boolean => [builtIn, builtInClips, builtInSounds].includes(source);
/** Whether a formula makes the samples. There are millions of them, so that nothing should read them all. */
export const isEndless = (source: string): boolean => [builtInClips, builtInSounds].includes(source);
