import assert from 'node:assert/strict';
import { manualSeed, noGrad, scope } from '@rin/torch';
import type { ModelConfig } from '../../src/config/model.js';
import { RIN } from '../../src/model/rin.js';
import { modelOf } from '../model/modelOf.js';
import { network, toTensor } from '../model/reference/compare.js';
import { base } from '../model/reference/configurations.js';
import { namedParameters, randomInputs } from '../model/reference/draws.js';
import { nearAll } from '../model/reference/near.js';
import { assertDistinct, type Cases } from './case.js';

// That each option computes what it should is told by model.test.ts, against the reference; here, what changes with it.

type Options = Partial<ModelConfig>;

interface Pass {
  readonly training?: boolean;
  /** multiplies the parts of the previous pass */
  readonly previous?: { latents: number; interface: number; data: number };
  /** multiplies gamma */
  readonly gamma?: number;
}

/** A pass of a network with random parameters; two networks have equal ones where their names are. */
function pass(options: Options, { training = false, previous, gamma = 1 }: Pass = {}) {
  const config = modelOf({ ...base, ...options });
  const { x, gamma: level, condition, given, previous: state } = randomInputs(config, 2, 1);
  return scope(() =>
    noGrad(() => {
      const rin = network(config, namedParameters(config), 'float64');
      manualSeed(1);
      const output = rin.forward(toTensor(x, 'float64'), toTensor(level, 'float64').mul(gamma), {
        training,
        ...(condition && { condition: toTensor(condition, 'float64') }),
        ...(given && { given: toTensor(given, 'float64') }),
        ...(previous && {
          previous: {
            latents: toTensor(state.latents, 'float64').mul(previous.latents),
            interface: toTensor(state.interface, 'float64').mul(previous.interface),
            data: toTensor(state.data, 'float64').mul(previous.data),
          },
        }),
      });
      const { prediction, latents, interface: tokens } = output;
      return {
        values: Array.from(prediction.toTypedArray(), Number),
        shapes: { prediction: prediction.shape, latents: latents.shape, interface: tokens.shape },
        parameters: Object.fromEntries(Object.entries(rin.parameters()).map(([name, { shape }]) => [name, shape])),
      };
    }),
  );
}

const values = (options: Options, how: Pass = {}) => pass(options, how).values;
const parameter = (options: Options, name: string) => pass(options).parameters[name];

function differs(...options: Options[]) {
  const all = options.map((each) => values(each));
  for (const [i, one] of all.entries()) for (const other of all.slice(0, i)) assert.notDeepEqual(one, other);
}

/** Whether a pass of training draws by this rate; a pass of sampling never does. */
function drawsAtRate(key: 'dropout' | 'dropPath' | 'attentionDropout') {
  const [none, half] = [{ [key]: 0 }, { [key]: 0.5 }];
  assert.deepEqual(values(none, { training: true }), values(none));
  assert.notDeepEqual(values(half, { training: true }), values(half));
  assert.deepEqual(values(half), values(none));
}

const sequence: Options = { classes: 0, conditionDim: 5, conditionTokens: 3 };

export const cases: Cases = {
  'model.size': [
    'is the size of what comes out',
    () => assert.deepEqual(pass({ size: [4, 6] }).shapes.prediction, [2, 3, 4, 6]),
  ],
  'model.patch': [
    'cuts it into interface tokens',
    () => {
      assert.deepEqual(pass({ patch: 2 }).shapes.interface, [2, 16, 16]);
      assert.deepEqual(pass({ patch: [4, 2] }).shapes.interface, [2, 8, 16]);
    },
  ],
  'model.channels': [
    'is how many channels come out',
    () => assert.deepEqual(pass({ channels: 2 }).shapes.prediction, [2, 2, 8, 8]),
  ],
  'model.givenFrames': [
    'is how many frames of a clip are given; the others come out, and every slice has positions',
    () => {
      const of = (givenFrames: number) => ({ size: [6, 4, 4], patch: [2, 2, 2], givenFrames });
      assert.deepEqual(pass(of(0)).shapes.prediction, [2, 3, 6, 4, 4]);
      assert.deepEqual(pass(of(2)).shapes.prediction, [2, 3, 4, 4, 4]);
      assert.deepEqual(pass(of(2)).shapes.interface, [2, 8, 16]);
      assert.deepEqual(parameter(of(3), 'interface_position'), [16, 16]); // two slices of either kind
    },
  ],
  'model.classes': [
    'is how many classes the label projection takes; 0 leaves it out',
    () => {
      assert.deepEqual(parameter({ classes: 5 }, 'label.weight'), [32, 5]);
      assert.equal(parameter({ classes: 0 }, 'label.weight'), undefined);
    },
  ],
  'model.conditionDim': [
    'is the width of a condition sequence',
    () => assert.deepEqual(parameter({ ...sequence, conditionDim: 7 }, 'label.weight'), [32, 7]),
  ],
  'model.conditionTokens': [
    'is its length; so many latents are left to learn',
    () => assert.deepEqual(parameter({ ...sequence, conditionTokens: 2 }, 'latents'), [6 - 1 - 2, 32]),
  ],
  'model.latents': [
    'is how many latents there are, time and class among them',
    () => {
      assert.deepEqual(pass({ latents: 9 }).shapes.latents, [2, 9, 32]);
      assert.deepEqual(parameter({ latents: 9 }, 'latents'), [7, 32]);
    },
  ],
  'model.latentDim': [
    'is the width of a latent',
    () => assert.deepEqual(pass({ latentDim: 16 }).shapes.latents, [2, 6, 16]),
  ],
  'model.latentHeads': [
    'divides the attention of the latents',
    () => differs({ latentHeads: 1 }, { latentHeads: 2 }, { latentHeads: 4 }),
  ],
  'model.latentMlpRatio': [
    'is the hidden width of the latent MLPs',
    () => assert.deepEqual(parameter({ latentMlpRatio: 3 }, 'blocks.0.compute.0.mlp.up.weight'), [96, 32]),
  ],
  'model.interfaceDim': [
    'is the width of an interface token',
    () => assert.deepEqual(pass({ interfaceDim: 24 }).shapes.interface, [2, 16, 24]),
  ],
  'model.interfaceMlpRatio': [
    'is the hidden width of the MLP after the write; 0 leaves it out',
    () => {
      assert.deepEqual(parameter({ interfaceMlpRatio: 2 }, 'blocks.0.write.mlp.up.weight'), [32, 16]);
      assert.equal(parameter({ interfaceMlpRatio: 0 }, 'blocks.0.write.mlp.up.weight'), undefined);
    },
  ],
  'model.readWriteHeads': [
    'divides the attention of read and write',
    () => differs({ readWriteHeads: 1 }, { readWriteHeads: 2 }, { readWriteHeads: 4 }),
  ],
  'model.depth': [
    'is how many compute layers each block has',
    () => {
      const names = Object.keys(pass({ depth: [2, 0, 1] }).parameters);
      const layers = new Set(names.map((name) => /^blocks\.\d\.compute\.\d/.exec(name)?.[0]).filter(Boolean));
      assert.deepEqual([...layers], ['blocks.0.compute.0', 'blocks.0.compute.1', 'blocks.2.compute.0']);
    },
  ],
  'model.timeScaling': [
    'multiplies gamma: half of one and twice the other are the same',
    () => {
      nearAll(values({ timeScaling: 500 }), values({ timeScaling: 1000 }, { gamma: 0.5 }), 1e-9);
      differs({ timeScaling: 500 }, { timeScaling: 1000 });
    },
  ],
  'model.interfacePosition': [
    'is a table, a code without parameters, or both',
    () => {
      assertDistinct('model.interfacePosition', (interfacePosition) => values({ interfacePosition } as Options));
      assert.deepEqual(parameter({ interfacePosition: 'learned' }, 'interface_position'), [16, 16]);
      assert.equal(parameter({ interfacePosition: 'sinCos' }, 'interface_position'), undefined);
    },
  ],
  'model.latentPosition': [
    'is a table, a code without parameters, or both',
    () => {
      assertDistinct('model.latentPosition', (latentPosition) => values({ latentPosition } as Options));
      assert.deepEqual(parameter({ latentPosition: 'learned' }, 'latents'), [4, 32]);
      assert.equal(parameter({ latentPosition: 'sinCos' }, 'latents'), undefined);
    },
  ],
  'model.timeOn': [
    'moves the time token: off the latents it leaves one more to learn',
    () => {
      assertDistinct('model.timeOn', (timeOn) => values({ timeOn } as Options));
      assert.deepEqual(parameter({ timeOn: 'interface' }, 'latents'), [5, 32]);
      assert.deepEqual(parameter({ timeOn: 'interface' }, 'time.dense1.weight'), [16, 16]);
    },
  ],
  'model.conditionOn': [
    'moves the condition tokens: off the latents they leave more to learn',
    () => {
      assertDistinct('model.conditionOn', (conditionOn) => values({ conditionOn } as Options));
      assert.deepEqual(parameter({ conditionOn: 'interface' }, 'latents'), [5, 32]);
      assert.deepEqual(parameter({ conditionOn: 'interface' }, 'label.weight'), [16, 3]);
    },
  ],
  'model.decoupledRead': [
    'gives read-only tokens a read of their own',
    () => {
      const [together, apart] = [false, true].map((decoupledRead): Options => ({ decoupledRead, timeOn: 'interface' }));
      differs(together, apart);
      assert.deepEqual(parameter(apart, 'blocks.0.condition_read.attention.k.weight'), [16, 16]);
    },
  ],
  'model.normalizeKeyValue': [
    'adds a norm on keys and values',
    () => {
      differs({ normalizeKeyValue: false }, { normalizeKeyValue: true });
      assert.deepEqual(parameter({ normalizeKeyValue: true }, 'blocks.0.write.norm_kv.weight'), [32]);
    },
  ],
  'model.convolutionKernel': [
    'is the side of a convolution after each write; 0 leaves it out',
    () => {
      const weight = 'blocks.1.convolution.depthwise.weight';
      assert.deepEqual(parameter({ convolutionKernel: 5 }, weight), [16, 1, 5, 5]);
      assert.equal(parameter({ convolutionKernel: 0 }, weight), undefined);
    },
  ],
  'model.selfConditioning': [
    'says which parts of the previous pass are looked at',
    () => {
      const looked = (kind: string, previous: Pass['previous']) => {
        const options = { selfConditioning: kind } as Options;
        const zeros = { latents: 0, interface: 0, data: 0 };
        return JSON.stringify(values(options, { previous })) !== JSON.stringify(values(options, { previous: zeros }));
      };
      assertDistinct('model.selfConditioning', (kind) => {
        const parts = ['latents', 'interface', 'data'] as const;
        const found = parts.map((part) => looked(kind, { latents: 0, interface: 0, data: 0, [part]: 1 }));
        assert.deepEqual(found, [/latents|both/.test(kind), /interface|both/.test(kind), /data/.test(kind)], kind);
        return found;
      });
    },
  ],
  'model.zeroReadout': [
    'starts with a prediction of zero',
    () => {
      const largest = (zeroReadout: boolean) => {
        const config = modelOf({ ...base, zeroReadout });
        const { x, gamma } = randomInputs(config, 2, 1);
        return scope(() => {
          const output = new RIN(config).forward(toTensor(x, 'float32'), toTensor(gamma, 'float32'));
          return output.prediction.abs().amax().item();
        });
      };
      assert.equal(largest(true), 0);
      assert.ok(largest(false) > 0.1);
    },
  ],
  'model.dropout': ['drops in training only', () => drawsAtRate('dropout')],
  'model.dropPath': ['drops branches in training only', () => drawsAtRate('dropPath')],
  'model.attentionDropout': ['drops attention weights in training only', () => drawsAtRate('attentionDropout')],
};
