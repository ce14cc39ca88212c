/**
 * Recurrent Interface Networks from a program. This trains a network and draws a sample:
 *
 *     import { loadModel, loadPreset, sample, train, writePng } from 'rin';
 *     const config = loadPreset('emoji-64', { training: { images: '20k' } });
 *     await train({ config, data: 'emoji', run: 'runs/mine' });
 *     const model = await loadModel('runs/mine');
 *     const [image] = await sample(model, { seeds: [0], classes: ['cat'] });
 *     await writePng('cat.png', image);
 */

export { ConfigError, compand, expand, gamma, oneMinusGamma, RinError, UsageError } from '@rin/core';
export { Config } from './config/config.js';
export { DataConfig } from './config/data.js';
export { DiffusionConfig, SamplingConfig, ScheduleConfig } from './config/diffusion.js';
export { ModelConfig } from './config/model.js';
export { mergeConfig, parseConfig, type Unchecked } from './config/parse.js';
export { DecayConfig, EmaConfig, OptimizerConfig, TrainingConfig } from './config/training.js';
export type {
  ConfigChanges,
  ConfigInput,
  DataChanges,
  DecayChanges,
  DiffusionChanges,
  EmaChanges,
  ModelChanges,
  ModelInput,
  OptimizerChanges,
  PresetName,
  SamplingChanges,
  ScheduleChanges,
  TrainingChanges,
} from './config/types.js';
export { fromYaml, toYaml } from './config/yaml.js';
export { type ClipSurvey, surveyClips } from './data/clipSurvey.js';
export { type ConvertOptions, type ConvertResult, convertData } from './data/convert.js';
export type { Dataset } from './data/dataset.js';
export { classNames } from './data/find.js';
export { type OpenOptions, openDataset } from './data/open.js';
export type { DataOptions, DataProgress } from './data/progress.js';
export { datasetFromSamples, type ProgramSample, type SamplesOptions } from './data/samples.js';
export type { Skipped } from './data/sources/source.js';
export { type CachedData, type PictureHeaders, type PixelSpread, type Survey, surveyData } from './data/survey.js';
export type { PictureTraits } from './data/traits.js';
export type { KnownOptions } from './diffusion/known.js';
export { type Model, saveModel } from './diffusion/modelFile.js';
export {
  type Sample,
  type SampleAttention,
  type SampleOptions,
  type SampleStep,
  sample,
  samples,
} from './diffusion/sample.js';
export { samplingFlops } from './diffusion/samplingFlops.js';
export { checkOnnx } from './export/checkOnnx.js';
export { checkWeb, type EngineParity, type Parity, type WebCheckOptions } from './export/checkWeb.js';
export { exportOnnx, type OnnxExport, type OnnxOptions } from './export/exportOnnx.js';
export { exportWeb, type WebExport, type WebOptions } from './export/exportWeb.js';
export { type Serving, serve } from './export/serve.js';
export {
  type AttentionStep,
  type DataAttentionOptions,
  dataAttention,
  type SampleAttentionOptions,
  type SampleAttentionSteps,
  sampleAttention,
} from './inspect/attention.js';
export type { AttentionChoice, AttentionMap, PatchMap } from './inspect/attentionMaps.js';
export { type AttentionNumbers, attentionNumbers } from './inspect/attentionNumbers.js';
export { growth } from './inspect/growth.js';
export { type Inspection, inspect, type PartCost } from './inspect/inspection.js';
export { type ObjectShare, type Objects, objectShare, openObjects, patchMeans } from './inspect/objects.js';
export { type PublishedFlops, publishedFlops } from './inspect/published.js';
export { type AnimationOptions, encodeAnimation, writeAnimation } from './media/animation.js';
export { type Clip, clipOf, framesOf } from './media/clip.js';
export { type ClipFormat, type ClipOptions, type EncodeClipOptions, encodeClip, writeClip } from './media/clipFile.js';
export { clipGrid } from './media/clipGrid.js';
export { type GridOptions, grid } from './media/grid.js';
export { heatColour, heatOver } from './media/heat.js';
export type { Image } from './media/image.js';
export type { Medium, MediumSample } from './media/medium.js';
export { encodePng, writePng } from './media/png.js';
export type { Sound } from './media/sound.js';
export { strip } from './media/strip.js';
export { encodeWav, readWav, type Wave, type WavOptions, writeWav } from './media/wav.js';
export { waveform } from './media/waveform.js';
export { encodeWebp, type WebpOptions } from './media/webp.js';
export { type DensityCoverage, densityCoverage } from './metrics/densityCoverage.js';
export { type Detector, type DetectorName, type DetectorRequest, detectorNames } from './metrics/detectors/detector.js';
export { openDetector } from './metrics/detectors/openDetector.js';
export { type EvaluateOptions, type EvaluateProgress, evaluate } from './metrics/evaluate.js';
export type { Evaluation, Protocol, Subject } from './metrics/evaluation.js';
export type { Features } from './metrics/features.js';
export { type Figure, type Metric, metricNames } from './metrics/figures.js';
export { frechetDistance } from './metrics/frechet.js';
export { type InceptionScore, inceptionScore } from './metrics/inceptionScore.js';
export { type KernelDistance, kernelDistance } from './metrics/kernel.js';
export { type Moments, momentsOf } from './metrics/moments.js';
export { type ReferenceFacts, readStatistics, type Statistics, writeStatistics } from './metrics/npz.js';
export { type PrecisionRecall, precisionRecall } from './metrics/precisionRecall.js';
export { type ProtocolGroup, protocolGroups } from './metrics/protocolGroups.js';
export { type TrainResult, train } from './metrics/train.js';
export type { AttentionKind, AttentionWeights } from './model/attentionWeights.js';
export { type ModelPart, modelParts } from './model/parts.js';
export type { ForwardOptions, Output, Previous, SignalLevels } from './model/pass.js';
export { RIN } from './model/rin.js';
export { type AttentionSheetOptions, attentionFrames, attentionSheet } from './report/attentionSheet.js';
export { costChart } from './report/costChart.js';
export { lossChart } from './report/lossChart.js';
export type { ChartRun } from './report/lossCurves.js';
export { type RunReport, runReport } from './report/page/runReport.js';
export { findModel } from './runs/findModel.js';
export { loadModel } from './runs/loadModel.js';
export type { StatsLine } from './runs/statistics.js';
export { type RunSummary, readRun } from './runs/summary.js';
export type { DataInput } from './training/openData.js';
export type { TrainingFlops } from './training/passes.js';
export { loadPreset, presetNames } from './training/presets.js';
export type { Progress } from './training/progress.js';
export type { Proposal, ProposedPreset } from './training/proposal.js';
export { type ProposeOptions, propose } from './training/propose.js';
export { type JoinOptions, joinRanks, type Ranks } from './training/ranks.js';
export { sharedSamples } from './training/sharedSamples.js';
export type { TrainOptions } from './training/trainer.js';
