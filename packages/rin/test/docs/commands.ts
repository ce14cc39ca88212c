/**
 * What becomes of a command that the docs name:
 * `run`: it is run, in the folder of `workplace.ts`, with these flags behind it, which make it short;
 * `tested`: a test runs it, in this file; `not`: no test runs it, and why.
 */
export type Case = { readonly run: string } | { readonly tested: string } | { readonly not: string };

/** Sixteen pictures instead of tens of thousands, with previews in two steps. */
const short = '--images 16 --batch 4 --training.warmup 8 --sampling.steps 2';
const installed = { tested: 'packages/rin/test/cli/installed.slow.test.ts' };
const examples = { tested: 'packages/rin/test/docs/examples.slow.test.ts' };
const pytorch = { tested: 'packages/rin/test/diffusion/pytorchDiffusion.slow.test.ts' };
const setUp = { tested: 'packages/rin/test/docs/dockerfile.slow.test.ts' };
const allTests = { not: 'it is what runs this test' };
const named = { not: 'named, not to be typed as it stands' };
const minutes = { not: 'a measurement of minutes; the page that quotes it says on what' };

/** By what is typed; `npm run rin --`, `npx rin` and `rin` are the same. */
export const cases: Readonly<Record<string, Case>> = {
  'rin train --data my-pictures': { run: short },
  'rin train --preset list': { run: '' },
  'rin train --preset cifar10-small --data my-pictures --images 500k': { run: short },
  'rin train --config my.yaml --training.batch 64 --dry-run': { run: '' },
  'rin train --help': { run: '' },
  'rin train --data mnist': { run: short },
  'rin train --data mnist/t10k-images-idx3-ubyte.gz --size 32 --model.channels 1': { run: short },
  'rin train --data cifar-10-batches-bin': { run: short },
  'rin train --data cifar-10-binary.tar.gz': { run: short },
  'rin train --init runs/00003-flowers-64-rin --data my-pictures': { run: short },
  'rin train --init 3 --data my-pictures': { run: short },
  'rin train --data my-pictures --validation 0.05': { run: short },
  'rin train': named,
  'rin train …': named,
  'rin train … | head': { tested: 'packages/rin/test/cli/commands/commands.slow.test.ts' },
  'rin train … --dry-run > my.yaml': { tested: 'packages/rin/test/cli/wrong.test.ts' },
  'rin runs': { run: '' },
  'rin runs 3 4': { run: '' },
  'rin runs 3 4 --chart loss.svg': { tested: 'packages/rin/test/cli/commands/runs.slow.test.ts' },
  'rin sample': { run: '--steps 2' },
  'rin sample 3': { run: '--steps 2' },
  'rin sample 3 --given clip.gif --frames 64 --seeds 0-3': {
    tested: 'packages/rin/test/cli/commands/continued.test.ts',
  },
  'rin sample 3 --nearest nearest.png': { tested: 'packages/rin/test/cli/commands/nearest.slow.test.ts' },
  'rin sample runs/00003-flowers-64-rin --classes rose,2 --seeds 0-31 --out roses': { run: '--steps 2' },
  'rin sample --steps 250 --sampler ddim --guidance 2 --animate denoising.webp': { run: '--steps 2 --seeds 0' },
  'rin doctor': { tested: 'packages/rin/test/cli/commands/doctor.test.ts' },
  'rin data info': named,
  'rin data info my-pictures': { run: '--quick' },
  'rin data info flowers.tar --sheet flowers.png': { run: '' },
  'rin data convert': named,
  'rin data convert my-pictures my-pictures-64.tar --size 64': { run: '' },
  'rin data convert imagenet imagenet-64 --size 64 --resize center-crop-dhariwal': { run: '' },
  'rin setup': installed,
  'npx rin-torch-setup': installed,
  'npm pack --workspaces --pack-destination my-project': installed,
  'cd my-project': installed,
  'npm install ./rin-*.tgz': installed,
  'npm run rin --': named,
  'npx rin': named,
  'npm install': named,
  'npm ci': named,
  'npm run setup': setUp,
  'docker build --tag rin .': setUp,
  'npm run demo': { not: 'it trains for five minutes; train and sample, which it is made of, are run' },
  'time npm run demo': { not: 'it trains for five minutes; docs/results.md says where it was run' },
  'node scripts/demo-model.mjs': { not: 'it needs the demo, and writes the model that is in the repository' },
  'npm test': allTests,
  'npm run test:fast': allTests,
  'node --test packages/rin/dist/test/NAME.test.js': allTests,
  'npm run build': { not: 'it would rebuild what the tests run from; set-up builds the same' },
  'npm run lint': { not: 'a step of .ci/run, beside the tests' },
  'npm run format': { not: 'it would change the sources under the tests; .ci/run checks what it does' },
  'node scripts/check-sentences.mjs --words 25': { tested: 'scripts/test/sentences.test.mjs' },
  'node first.mjs': { tested: 'packages/rin/test/docs/programs.slow.test.ts' },
  'npm run python': { tested: 'scripts/test/python.test.mjs' },
  'python examples/pytorch/rin.py model.safetensors --classes cat heart --seeds 0 1 --out grid.png': pytorch,
  'npm run types': { tested: 'packages/rin/test/config/types.test.ts' },
  'npm run api': { tested: 'scripts/test/api.test.mjs' },
  'git clone … && cd rin': { not: 'the address is yours' },
  'node examples/train.mjs': examples,
  'node examples/sample.mjs': examples,
  'node examples/worker.mjs': examples,
  'node examples/tensors.mjs': examples,
  'node examples/classifier.mjs': examples,
  'node bench/loader.mjs': minutes,
  'node bench/loader.mjs --million': minutes,
  'node bench/operatorCost.mjs': minutes,
  'node bench/trainingMemory.mjs': minutes,
  'node bench/trainingStep.mjs --only float32': minutes,
  'node bench/trainingStep.mjs --network emoji-64 --only float32': minutes,
  'node bench/trainingStep.mjs --network cifar10 --only float32 --rounds 3 --steps 1': minutes,
  'node bench/precision.mjs --network mnist --data mnist --updates 2000 --batch 8': minutes,
  'node bench/whereTimeGoes.mjs': minutes,
  'node bench/sampling.mjs --rounds 3': minutes,
  'node bench/gentleness.mjs --rounds 5 --pictures 4096': minutes,
  'node bench/waitingThreads.mjs': minutes,
  'node bench/trainingStep.mjs --only bfloat16 --rounds 5': minutes,
  'node bench/trainingStep.mjs --network emoji-64 --only bfloat16 --rounds 5': minutes,
  'node bench/waitingThreads.mjs --task sample --rounds 5 --spins 1000,6000,300000': minutes,
  'rin train --preset mnist --data mnist --validation 0.02': { run: short },
  'rin train --data flowers128.tar --validation 0.05': { run: short },
  'rin train --data tiles --validation 0.05': { run: short },
  'rin train --data cifar10/train.tar --validation 0.02': { run: short },
  'rin train --preset cifar10-small --data cifar10/train.tar --validation 0.02 --model.convolutionKernel 0': {
    run: short,
  },
  'rin sample --seeds 0-79 --columns 10': { run: '--steps 2' },
  'rin sample --seeds 0-79 --columns 8': { run: '--steps 2' },
  'rin sample --seeds 0-59 --columns 10': { run: '--steps 2' },
  'rin sample --seeds 0-49 --columns 10': { run: '--steps 2' },
};
