/**
 * Letters of 5 by 7 pixels, so that a picture can have labels on a machine without fonts. Each letter is followed by
 * its 7 rows. A row is a base-32 digit whose highest bit is the leftmost pixel: e = 01110.
 */
const rows = `Aehhvhhh Buhhuhhu Cehggghe Duhhhhhu Evgguggv Fvgguggg Gehgnhhf Hhhhvhhh Ie44444e J72222ic Khikokih
  Lggggggv Mhrllhhh Nhppljjh Oehhhhhe Puhhuggg Qehhhlid Ruhhukih Sfgge11u Tv444444 Uhhhhhhe Vhhhhha4 Whhhllla
  Xhha4ahh Yhhha444 Zv1248gv 0ehjlphe 14c4444e 2eh1248v 3v2421he 426aiv22 5vgu11he 668guhhe 7v124888 8ehhehhe
  9ehhf12c -000e000 _000000v .00000cc ,0000c48 :0cc0cc0 /01248g0 +044v440 =00v0v00`;
const letters = new Map(rows.split(/\s+/).map((word) => [word[0], word.slice(1)]));
const blank = '0000000';
const unknown = 'vhhhhhv';

/** Width of a letter and the gap after it, in pixels of the letter. */
const letterWidth = 6;
export const letterHeight = 7;

/** The characters that are drawn: capitals, without accents. */
const drawable = (text: string) => [...text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase()];

/** Width of a text in pixels of its letters. */
export const textWidth = (text: string): number => drawable(text).length * letterWidth;

/**
 * Calls `dot` for every dark pixel of the text; (0, 0) is the top left. Characters that the font lacks become boxes.
 */
export function drawText(text: string, dot: (x: number, y: number) => void): void {
  for (const [index, letter] of drawable(text).entries()) {
    const shape = letter === ' ' ? blank : (letters.get(letter) ?? unknown);
    for (const [y, digit] of [...shape].entries()) {
      const row = Number.parseInt(digit, 32);
      for (let x = 0; x < 5; x++) if (row & (16 >> x)) dot(index * letterWidth + x, y);
    }
  }
}
