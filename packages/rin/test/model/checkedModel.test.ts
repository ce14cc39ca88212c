import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import { type ModelConfig, ModelConfig as Schema } from '../../src/config/model.js';
import { parseConfig } from '../../src/config/parse.js';
import { RIN } from '../../src/model/rin.js';
import { loadPreset } from '../../src/training/presets.js';

const small = { size: 8, patch: 4, classes: 3, latents: 6, latentDim: 16, latentHeads: 2, interfaceDim: 16 };

test('the network takes a section that parseConfig returned', () => {
  const config = parseConfig({ model: small }, 'test');
  const inner = { ...config, training: { ...config.training, batch: 4 } };
  for (const { model } of [config, inner, parseConfig(structuredClone(config), 'copy'), loadPreset('mnist')])
    assert.ok(new RIN(model, { seed: null }).label);
});

test('the network refuses any other section, complete or not, and a copy of a checked one', () => {
  const checked = parseConfig({ model: small }, 'test').model;
  const sections: unknown[] = [
    ...[{ classes: 10 }, small, { ...checked }, { ...checked, classes: 10 }, Schema.parse(small)],
    ...[structuredClone(checked), JSON.parse(JSON.stringify(checked))],
  ];
  for (const section of sections)
    assert.throws(
      () => new RIN(section as ModelConfig),
      new RinError(
        "this model section does not come from parseConfig, which adds the defaults and checks the values; use parseConfig({ model: … }, 'my network').model",
      ),
    );
});
