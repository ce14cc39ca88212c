import type { ModelConfig } from '../../../src/config/model.js';
import { type Geometry, geometry } from './geometry.js';
import {
  add,
  attention,
  dense,
  depthwise,
  groupNorm,
  type Lookup,
  layerNorm,
  mlp,
  silu,
  standardize,
  type Watch,
} from './layers.js';
import { patches, unfold } from './patches.js';
import { gridCode, line, sinCos } from './positions.js';
import { sampleTokens, stackTokens, type Tokens, type Values } from './values.js';

/** What the network returns: y [B, C, ...size], the final Z [B, m, d'] and X [B, n, d]. */
export interface Outputs {
  prediction: Values;
  latents: Values;
  interface: Values;
}

/**
 * The network of the paper, section 2 (where it differs from the authors' code, the code), in float64 and plain loops,
 * without dropout of any kind: an oracle that shares no code with `src/model`.
 * @param parameters by name, shapes as `referenceParameters` says
 * @param x          [B, C, ...size]
 * @param gamma      [B]
 * @param condition  [B, classes] or [B, s, d_c]; only for a conditional network
 * @param previous   latents [B, m, d'], interface [B, n, d] and data [B, C, ...size]; zeros where absent
 * @param given      [B, C, frames, H, W] clean frames; only for a network that predicts from them
 * @param latents    of each sample: the last learned ones beyond them are left out, of the previous latents too; where samples
 *                   differ, rows of zeros stand in their place in the latents that come out
 * @param watch      gets the weights of each read and write of each sample
 */
export function referenceForward(
  config: ModelConfig,
  parameters: Record<string, Values>,
  x: Values,
  gamma: ArrayLike<number>,
  condition?: Values,
  previous: { latents?: Values; interface?: Values; data?: Values } = {},
  given?: Values,
  latents: readonly number[] = new Array<number>(x.shape[0]).fill(config.latents),
  watch?: (sample: number, ...found: Parameters<Watch>) => void,
): Outputs {
  const g = geometry(config);
  const p: Lookup = (name) => {
    const values = parameters[name];
    if (!values) throw new Error(`no parameter ${name}`);
    return values;
  };
  const zeros = (tokens: number, dim: number): Tokens => Array.from({ length: tokens }, () => new Float64Array(dim));
  const others = config.latents - g.learnedLatents;
  /** Latents with the last learned ones left out, or with zeros in their place. */
  const resized = (rows: Tokens, count: number): Tokens => {
    const learned = rows.slice(0, Math.min(rows.length, count) - others);
    const missing = zeros(count - others - learned.length, config.latentDim);
    return [...learned, ...missing, ...rows.slice(rows.length - others)];
  };
  const samples = Array.from({ length: x.shape[0] }, (_, b) => {
    const ofSample = ({ shape, data }: Values) =>
      data.subarray((b * data.length) / shape[0], ((b + 1) * data.length) / shape[0]);
    const pixels = ofSample(x);
    const asked = condition && conditionTokens(condition, b);
    if (!given !== !g.given) throw new Error('given frames belong to a network that predicts from them');
    if (!asked !== (g.conditionTokens === 0)) throw new Error('a condition belongs to a conditional network');
    const watchSample: Watch = (...found) => watch?.(b, ...found);
    return forwardSample(config, g, p, watchSample, {
      pixels,
      given: given ? ofSample(given) : new Float64Array(),
      gamma: gamma[b],
      condition: asked ?? [],
      latents: previous.latents
        ? resized(sampleTokens(previous.latents, b), latents[b])
        : zeros(latents[b], config.latentDim),
      interface: previous.interface ? sampleTokens(previous.interface, b) : zeros(g.tokens, config.interfaceDim),
      data: previous.data ? ofSample(previous.data) : new Float64Array(pixels.length),
    });
  });
  return {
    prediction: { shape: x.shape, data: Float64Array.from(samples.flatMap((sample) => [...sample.prediction])) },
    latents: stackTokens(samples.map((sample) => resized(sample.latents, Math.max(...latents)))),
    interface: stackTokens(samples.map((sample) => sample.interface)),
  };
}

function conditionTokens(condition: Values, b: number): Tokens {
  const [batch, tokens, channels] =
    condition.shape.length === 2 ? [condition.shape[0], 1, condition.shape[1]] : condition.shape;
  return sampleTokens({ shape: [batch, tokens, channels], data: condition.data }, b);
}

interface Sample {
  pixels: Float64Array;
  given: Float64Array;
  gamma: number;
  condition: Tokens;
  latents: Tokens;
  interface: Tokens;
  data: Float64Array;
}

function forwardSample(config: ModelConfig, g: Geometry, p: Lookup, watch: Watch, sample: Sample) {
  const n = g.tokens;
  const time = timeToken(config, g, p, sample.gamma);
  const condition = g.conditionTokens > 0 ? dense(p, 'label', sample.condition) : [];

  // X = LayerNorm(stem([x ; previous estimate of the data])) + pos; given frames by the same stem, without an estimate, and with
  // the positions behind
  const withData = config.selfConditioning.includes('data');
  const joined = (pixels: Float64Array, estimate: Float64Array) =>
    withData ? Float64Array.from([...pixels, ...estimate]) : pixels;
  const tokens = (part: Tokens) => layerNorm(p, 'stem_norm', dense(p, 'stem', part));
  const positions = interfacePosition(config, g, p);
  let X = add(tokens(patches(g.inputChannels, g, joined(sample.pixels, sample.data))), positions.slice(0, n));
  const cut = g.given && { ...g.given, patch: g.patch };
  const blank = new Float64Array(sample.given.length);
  const clean = cut ? add(tokens(patches(g.inputChannels, cut, joined(sample.given, blank))), positions.slice(n)) : [];
  if (/interface|both/.test(config.selfConditioning)) {
    X = add(X, warmStart(p, 'previous_interface', sample.interface));
  }
  // tokens that sit on the interface: time first, then condition; without norm and position
  const on = (place: ModelConfig['timeOn']) => [
    ...(config.timeOn === place ? [time] : []),
    ...(config.conditionOn === place ? condition : []),
  ];
  X = [...X, ...clean, ...on('interfaceWritable')];
  const readOnly = on('interface');

  // Z = [learned latents ; time token ; condition tokens] + LayerNorm₀(u + MLP(LN(u)))
  const placed = on('latents');
  let Z = [...learnedLatents(config, g, p).slice(0, sample.latents.length - placed.length), ...placed];
  if (/latents|both/.test(config.selfConditioning)) {
    Z = add(Z, warmStart(p, 'previous', sample.latents));
  }

  config.depth.forEach((layers, i) => {
    const block = `blocks.${i}`;
    if (config.decoupledRead && readOnly.length > 0) {
      Z = cross(config, p, watch, `${block}.condition_read`, config.latentMlpRatio, Z, readOnly);
      Z = cross(config, p, watch, `${block}.read`, config.latentMlpRatio, Z, X);
    } else {
      Z = cross(config, p, watch, `${block}.read`, config.latentMlpRatio, Z, [...X, ...readOnly]);
    }
    if (layers === 0) return; // a block of depth 0 reads only
    for (let j = 0; j < layers; j++) {
      const layer = `${block}.compute.${j}`;
      const normed = layerNorm(p, `${layer}.norm`, Z);
      Z = add(Z, attention(p, `${layer}.attention`, config.latentHeads, normed, normed));
      Z = add(Z, mlp(p, `${layer}.mlp`, Z));
    }
    X = cross(config, p, watch, `${block}.write`, config.interfaceMlpRatio, X, Z);
    if (config.convolutionKernel > 0) {
      const map = X.slice(0, n);
      X = [...add(map, convolution(config, g, p, `${block}.convolution`, map)), ...X.slice(n)];
    }
  });

  X = X.slice(0, n);
  const y = dense(p, 'readout', layerNorm(p, 'readout_norm', X));
  return { prediction: unfold(config.channels, g, y), latents: Z, interface: X };
}

/** Read, decoupled read or write: A ← A + MHA(LN(A), B); A ← A + MLP(LN(A)). B is normalised only by option. */
function cross(
  config: ModelConfig,
  p: Lookup,
  watch: Watch,
  name: string,
  ratio: number,
  A: Tokens,
  B: Tokens,
): Tokens {
  const keyValue = config.normalizeKeyValue ? layerNorm(p, `${name}.norm_kv`, B) : B;
  const query = layerNorm(p, `${name}.norm`, A);
  const mixed = add(A, attention(p, `${name}.attention`, config.readWriteHeads, query, keyValue, watch));
  return ratio > 0 ? add(mixed, mlp(p, `${name}.mlp`, mixed)) : mixed;
}

/** LayerNorm₀(u + MLP(LN(u))) of what the previous step left, u. */
function warmStart(p: Lookup, name: 'previous' | 'previous_interface', u: Tokens): Tokens {
  return layerNorm(p, `${name}_norm`, add(u, mlp(p, `${name}_mlp`, u)));
}

/** γ·time_scaling → sin-cos code of d_t/4 channels → zero mean, unit deviation → Dense → SiLU → Dense. */
function timeToken(config: ModelConfig, g: Geometry, p: Lookup, gamma: number): Float64Array {
  const code = standardize(sinCos(gamma * config.timeScaling, g.timeDim / 4));
  const hidden = dense(p, 'time.dense0', [code]).map((row) => row.map(silu));
  return dense(p, 'time.dense1', hidden)[0];
}

function rows(values: Values): Tokens {
  return sampleTokens({ shape: [1, ...values.shape], data: values.data }, 0);
}

function interfacePosition(config: ModelConfig, g: Geometry, p: Lookup): Tokens {
  if (config.interfacePosition === 'learned') return rows(p('interface_position'));
  const [slices, ...plane] = g.grid; // the same code for every slice of a clip
  const code = gridCode([slices + (g.given?.grid[0] ?? 0), ...plane], config.interfaceDim, config.timeScaling);
  return config.interfacePosition === 'sinCos' ? code : add(code, rows(p('interface_position')));
}

function learnedLatents(config: ModelConfig, g: Geometry, p: Lookup): Tokens {
  if (config.latentPosition === 'learned') return rows(p('latents'));
  const code = line(g.learnedLatents, config.latentDim, config.timeScaling);
  return config.latentPosition === 'sinCos' ? code : add(code, rows(p('latents')));
}

/** Depthwise convolution → GroupNorm(min(d/4, 32) groups) → SiLU → 1×1 convolution, without its residual. */
function convolution(config: ModelConfig, g: Geometry, p: Lookup, name: string, map: Tokens): Tokens {
  const groups = Math.min(config.interfaceDim / 4, 32);
  const normed = groupNorm(p, `${name}.norm`, groups, depthwise(p, `${name}.depthwise`, g.grid, map));
  return dense(
    p,
    `${name}.pointwise`,
    normed.map((row) => row.map(silu)),
  );
}
