import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchAxes, noGrad, type Tensor, tensor, trace } from '@rin/torch';
import type { ModelConfig } from '../../src/config/model.js';
import { RIN } from '../../src/model/rin.js';
import { modelOf } from './modelOf.js';
import { toTensor } from './reference/compare.js';
import { base, options } from './reference/configurations.js';
import { randomInputs } from './reference/draws.js';

/** A pass of a network that is given its time code, as an exporter needs it. */
function pass(config: ModelConfig, rin: RIN, batch: number) {
  const { x: values, gamma, condition: asked, given: frames } = randomInputs(config, batch, 5);
  const x = toTensor(values, 'float32');
  const condition = asked && toTensor(asked, 'float32');
  const given = frames && toTensor(frames, 'float32');
  using exact = rin.timeCode(gamma.data);
  const code = exact.float();
  const optional = { ...(condition && { condition }), ...(given && { given }) };
  const inputs: Record<string, Tensor> = { x, code, ...optional };
  const run = () => noGrad(() => rin.forward(x, { code }, optional));
  return { inputs, run, gammas: [...gamma.data] };
}

for (const [name, over] of Object.entries(options)) {
  test(`a trace with a given time code is float32, and two tell the batch axis: ${name}`, () => {
    const config = modelOf({ ...base, ...over });
    const rin = new RIN(config);
    const [two, three] = [2, 3].map((batch) => pass(config, rin, batch));
    using first = trace(two.run);
    using second = trace(three.run);
    const axes = batchAxes(first, second);
    for (const [what, input] of Object.entries(two.inputs)) {
      const id = first.idOf(input);
      assert.ok(id !== undefined && first.captured.has(id), `${what} is captured`);
      assert.equal(axes.get(id), 0, what);
    }
    for (const [what, output] of Object.entries(first.result)) {
      const id = first.idOf(output as Tensor);
      assert.ok(id !== undefined, what);
      assert.equal(axes.get(id), 0, what);
    }
    for (const [parameter, value] of Object.entries(rin.parameters())) {
      const id = first.idOf(value);
      if (id === undefined) continue; // this pass does not use it
      assert.ok(first.captured.has(id), parameter);
      assert.equal(axes.get(id), undefined, parameter);
    }
    for (const { operator, outputs } of first.calls) {
      for (const output of outputs)
        assert.ok(
          typeof output !== 'object' || output === null || !('dtype' in output) || output.dtype === 'float32',
          operator,
        );
    }
  });
}

test('levels as numbers, as a tensor and as codes give the same pass; inside a trace a tensor of levels is refused', () => {
  const config = modelOf(base);
  const rin = new RIN(config);
  const { inputs, gammas } = pass(config, rin, 2);
  const { x, condition } = inputs;
  const bytes = (gamma: Parameters<RIN['forward']>[1]) =>
    noGrad(() => rin.forward(x, gamma, { condition }).prediction.toTypedArray());
  const levels = tensor(Float64Array.from(gammas));
  assert.deepEqual(bytes(levels), bytes(gammas));
  assert.deepEqual(bytes({ code: rin.timeCode(gammas) }), bytes(gammas));
  assert.throws(() => trace(() => rin.forward(x, levels, { condition })), /toTypedArray|numbers/);
});
