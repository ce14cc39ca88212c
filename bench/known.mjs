// @ts-check
// How near in-painted pixels come to their exact distribution: the table of docs/sampling.md. 24 pixels are jointly normal, and
// the network is the best one for them. It prints the root mean square error of the mean of the drawn pixels.
//     node bench/known.mjs [SAMPLER] [STEPS]
import { tensor } from '@rin/torch';
import { denoise } from '../packages/rin/dist/src/diffusion/denoise.js';
import { best, conditional, length } from '../packages/rin/dist/test/diffusion/correlated.js';
import { configure, numbers } from '../packages/rin/dist/test/diffusion/scripted.js';

const [sampler = 'ddpm', steps = '50'] = process.argv.slice(2);
const sampling = { sampler, steps: Number(steps), clip: false, variance: 'small' };
const config = configure({ diffusion: { prediction: 'x' }, sampling });
const pixels = Array.from({ length }, (_, i) => i);
const isDrawn = pixels.map((i) => i % 6 >= 2 || i > 12); // five are known
const values = pixels.map((i) => 0.6 * Math.sin(0.7 * i) + 0.2);
const places = pixels.filter((i) => isDrawn[i]);
const exact = conditional(values, isDrawn);
const seeds = Array.from({ length: 500 }, (_, i) => i);

for (const jump of [1, 5]) {
  for (const resample of [1, 2, 4, 10, 20]) {
    const known = {
      picture: tensor(Float32Array.from(values), [1, 1, 4, 6]),
      drawn: tensor(Uint8Array.from(isDrawn.map(Number)), [1, 1, 4, 6]).ge(1),
      resampling: { resample, jump },
    };
    const given = { seeds, condition: null, meanSquare: 1, known };
    const x = await denoise(best(config), config.diffusion, config.sampling, given);
    const found = numbers(x);
    const errors = places.map((place, i) => {
      const mean = seeds.reduce((sum, _, b) => sum + found[b * length + place], 0) / seeds.length;
      return (mean - exact.mean[i]) ** 2;
    });
    const error = Math.sqrt(errors.reduce((sum, each) => sum + each, 0) / errors.length);
    console.log(`${sampler}, ${steps} steps, resample ${resample}, jump ${jump}: error ${error.toFixed(3)}`);
  }
}
