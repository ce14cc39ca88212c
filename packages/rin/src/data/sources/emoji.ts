import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import sharp from '../../media/sharp.js';
import type { Source } from './source.js';

/**
 * The built-in pictures: 83 Twemoji in 7 classes. Five classes come from the Unicode subgroups face-smiling,
 * face-tongue, face-concerned, face-glasses with face-hat, and cat-face. The others are plain hearts, and fruits of one
 * compact body. Graphics by Twitter, Inc. and other contributors, CC BY 4.0.
 */
export const emoji = {
  happy: '😀😃😄😁😆😅🤣😂🙂🙃🫠😉😊😇',
  tongue: '😋😛😜🤪😝🤑',
  worried: '😕🫤😟🙁☹😮😯😲😳🥺🥹😦😧😨😰😥😢😭😱😖😣😞😓😩😫🥱',
  cool: '😎🤓🧐🤠🥳🥸',
  cat: '😺😸😹😻😼😽🙀😿😾',
  heart: '❤🩷🧡💛💚💙🩵💜🤎🖤🩶🤍',
  fruit: '🍊🍋🥭🍎🍏🍐🍑🍒🍓🍅',
} as const;

const require = createRequire(import.meta.url);

/**
 * The built-in set as a source.
 * @param side longer side of the samples in pixels. Drawings are rendered at twice this size, at least at 128, and
 *     scaled down
 */
export function emojiSource(side: number): Source {
  const rendered = Math.max(128, 2 * side);
  const density = (72 * rendered) / 36; // a drawing is 36 units wide; a unit is 1/72 inch
  return {
    name: 'emoji',
    async list() {
      const pictures = Object.values(emoji).flatMap((characters, label) =>
        [...characters].map((character) => {
          const code = character.codePointAt(0)?.toString(16);
          return { name: character, label, read: () => readFileSync(require.resolve(`@twemoji/svg/${code}.svg`)) };
        }),
      );
      const render = (drawing: Uint8Array) => sharp(drawing, { density }).png({ compressionLevel: 1 }).toBuffer();
      return { pictures, classes: Object.keys(emoji), missing: [], render, close() {} };
    },
  };
}
