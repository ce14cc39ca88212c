import { createRequire } from 'node:module';
import type Sharp from 'sharp';

/** sharp by its CommonJS entry. Its other entry uses a syntax that needs Node 20.10. */
const sharp = createRequire(import.meta.url)('sharp') as typeof Sharp;

export default sharp;
