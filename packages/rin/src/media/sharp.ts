import { createRequire } from 'node:module';
import type Sharp from 'sharp';

/** sharp by its CommonJS entry: the other one is written in a syntax that Node knows from 20.10 on only. */
const sharp = createRequire(import.meta.url)('sharp') as typeof Sharp;

export default sharp;
