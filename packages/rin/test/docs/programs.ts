/** How a test runs a program of the docs. Each program is run as it stands on the page, except for what is said here. */
export interface Program {
  /** a test file that runs it, where `programs.slow.test.ts` does not */
  readonly tested?: string;
  /** what is replaced to make it short, and by what; it stands in the program exactly once */
  readonly shorter?: readonly [string, string];
  /** files that it leaves behind */
  readonly leaves?: readonly string[];
  /** what it prints */
  readonly prints?: RegExp;
}

/** Sixteen images, and no previews, which take longer than these. */
const few = '{ images: 16, batch: 8, warmup: 8, sampleEvery: 0 }';
const shorter = ["{ images: '20k' }", few] as const;
const torchReadme = { tested: 'packages/torch/test/readme.test.ts' };
const page = { tested: 'packages/web/test/programs.slow.test.ts' };
const pytorch = { tested: 'packages/rin/test/diffusion/pytorchDiffusion.slow.test.ts' };

/** By page, and the heading above the program. */
export const programs: Readonly<Record<string, Program>> = {
  'README.md, From a program': {
    shorter: ['{ images: 4000, batch: 16 }', few],
    leaves: ['first.png', 'runs/first/model.safetensors'],
    prints: /^runs\/first: trains for 16 images$/m,
  },
  'docs/many-machines.md, In a program': {
    shorter: ['{ images: 200 }', few],
    leaves: ['runs/shared/model.safetensors'],
  },
  'docs/attention.md, From a program': { leaves: ['attention.png'], prints: /mostEntropy/ },
  'docs/programs.md, Sample from a model': { leaves: ['four.png'] },
  'docs/programs.md, Train on a folder of pictures': { shorter, leaves: ['runs/mine/model.safetensors'] },
  'docs/programs.md, Train with what fits the data': {
    shorter: ['(preset, changes)', `(preset, { ...changes, training: ${few} })`],
    leaves: ['runs/fitting/model.safetensors'],
  },
  'docs/programs.md, Train on samples of your own': {
    shorter: ['{ images: 640 }', few],
    leaves: ['runs/stripes/model.safetensors'],
  },
  'docs/programs.md, Train on conditions of your own': {
    shorter: ['{ images: 640 }', few],
    leaves: ['runs/shades/model.safetensors', 'shade.png'],
  },
  'docs/programs.md, Known pixels': { leaves: ['filled.png'] },
  'docs/programs.md, Clips': {
    shorter: ['{ images: 640 }', few],
    leaves: ['bar.gif', 'bars.webp', 'runs/bars/model.safetensors'],
  },
  'docs/programs.md, Continue a clip': {
    shorter: ['{ images: 640, batch: 16 }', few],
    leaves: ['runs/following/model.safetensors'],
    prints: /^1 × 20 × 16 × 16$/m,
  },
  'docs/programs.md, Sounds': {
    shorter: ['{ images: 640, batch: 16 }', few],
    leaves: ['tone.wav', 'tone.png', 'runs/fading/model.safetensors'],
  },
  'docs/programs.md, Watch a sampling': {
    prints: /^step 1 of 5, 22% .*\n(.*\n)*step 5 of 5, 100% /,
  },
  'docs/programs.md, Evaluate': { tested: 'packages/rin/test/metrics/realDetector.slow.test.ts' },
  'docs/programs.md, The measures alone': { prints: /^0\.08\d*\n\{ value: 0\.\d+, standardError: / },
  'docs/programs.md, Stop and resume': { shorter, leaves: ['runs/stopped/model.safetensors'] },
  'docs/programs.md, The network alone': {},
  'docs/programs.md, In PyTorch': pytorch,
  'docs/export.md, One pass from a program': { leaves: ['model.onnx'], prints: /1, 3, 64, 64/ },
  'docs/api/rin.md, rin': { shorter, leaves: ['cat.png', 'runs/mine/model.safetensors'] },
  'docs/api/core.md, @rin/core': {},
  'docs/api/torch.md, @rin/torch': {},
  'docs/api/web.md, @rin/web': page,
  'packages/rin/README.md, rin': { shorter, leaves: ['cat.png', 'runs/mine/model.safetensors'] },
  'packages/web/README.md, @rin/web': page,
  'docs/web.md, In a page of your own': page,
  'packages/core/README.md, @rin/core': { prints: /^0\.500$/m },
  'packages/torch/README.md, Fit a line': torchReadme,
  'packages/torch/README.md, A small network': torchReadme,
  'packages/torch/README.md, Errors': torchReadme,
  'packages/torch/README.md, Random numbers': torchReadme,
};
