/**
 * Recurrent Interface Networks from a program. This trains a network and draws a sample:
 *
 *     import { loadModel, loadPreset, sample, train, writePng } from 'rin';
 *     const config = loadPreset('emoji-64', { training: { images: '20k' } });
 *     await train({ config, data: 'emoji', run: 'runs/mine' });
 *     const model = await loadModel('runs/mine/model.safetensors');
 *     const [image] = await sample(model, { seeds: [0], classes: ['cat'] });
 *     await writePng('cat.png', image);
 */

export { ConfigError, gamma, oneMinusGamma, RinError, UsageError } from '@rin/core';
export { Config } from './config/config.js';
export { DataConfig } from './config/data.js';
export { DiffusionConfig, SamplingConfig, ScheduleConfig } from './config/diffusion.js';
export { ModelConfig } from './config/model.js';
export { mergeConfig, parseConfig } from './config/parse.js';
export { DecayConfig, EmaConfig, OptimizerConfig, TrainingConfig } from './config/training.js';
export { fromYaml, toYaml } from './config/yaml.js';
export { type ConvertOptions, type ConvertResult, convertData } from './data/convert.js';
export type { Dataset } from './data/dataset.js';
export { classNames } from './data/find.js';
export { type OpenOptions, openDataset } from './data/open.js';
export type { DataOptions, DataProgress } from './data/progress.js';
export { datasetFromSamples, type ProgramSample } from './data/samples.js';
export type { Skipped } from './data/sources/source.js';
export { type CachedData, type PictureHeaders, type PixelSpread, type Survey, surveyData } from './data/survey.js';
export type { PictureTraits } from './data/traits.js';
export { loadModel, type Model, saveModel } from './diffusion/modelFile.js';
export { type Sample, type SampleOptions, type SampleStep, sample, samples } from './diffusion/sample.js';
export { type AnimationOptions, writeAnimation } from './media/animation.js';
export { type GridOptions, grid } from './media/grid.js';
export type { Image } from './media/image.js';
export { writePng } from './media/png.js';
export type { ForwardOptions, Output, Previous, SignalLevels } from './model/pass.js';
export { RIN } from './model/rin.js';
export { findModel } from './runs/findModel.js';
export type { DataInput } from './training/openData.js';
export { loadPreset, presetNames } from './training/presets.js';
export type { Progress } from './training/progress.js';
export type { Proposal, ProposedPreset } from './training/proposal.js';
export { type ProposeOptions, propose } from './training/propose.js';
export { type TrainOptions, type TrainResult, train } from './training/trainer.js';
