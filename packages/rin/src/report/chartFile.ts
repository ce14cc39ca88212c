import { RinError, UsageError } from '@rin/core';
import { writeOutput } from '../disk/output.js';
import sharp from '../media/sharp.js';

/** Pixels of the PNG for each pixel of the SVG. */
const density = 2;

/**
 * Checks the name of a chart's file before its work.
 * @throws UsageError if it ends with neither .svg nor .png
 */
export function checkChartName(path: string): void {
  if (!/\.(svg|png)$/i.test(path))
    throw new UsageError(`--chart ${path}: expected the name of an SVG or PNG file, such as loss.svg`);
}

/**
 * Writes a chart as SVG, or as PNG with two pixels for each of the chart. The file is complete or absent.
 * @param path ends with .svg or .png
 * @throws RinError if the file cannot be written, or if it is a PNG and the machine has no fonts
 */
export async function writeChart(path: string, svg: string): Promise<void> {
  if (/\.svg$/i.test(path)) return writeOutput(path, Buffer.from(svg));
  if (!(await hasFonts()))
    throw new RinError(
      `${path}: this machine has no fonts, so the text of a PNG would be empty boxes; write an SVG, or install a font: apt-get install fonts-dejavu-core`,
    );
  await writeOutput(path, await rendered(svg));
}

const rendered = (svg: string): Promise<Buffer> =>
  sharp(Buffer.from(svg), { density: 72 * density })
    .png()
    .toBuffer();

/** Whether letters look different. Without fonts each letter is the same empty box. */
async function hasFonts(): Promise<boolean> {
  const letter = (name: string) =>
    rendered(
      `<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30"><text y="20" font-family="sans-serif">${name}</text></svg>`,
    );
  return !(await letter('i')).equals(await letter('W'));
}
