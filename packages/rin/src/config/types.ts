// Written by `npm run types` from the schema. Do not change it by hand.
import type { Duration } from './duration.js';

/** Names of the presets. */
export type PresetName =
  | 'benchmark'
  | 'bouncing'
  | 'characters-64'
  | 'cifar10'
  | 'cifar10-small'
  | 'emoji-64'
  | 'imagenet1024'
  | 'imagenet128'
  | 'imagenet256'
  | 'imagenet512'
  | 'imagenet64'
  | 'kinetics600'
  | 'mnist'
  | 'photos-64'
  | 'sprites-32'
  | 'tones';

/** A checked configuration, with every default. `parseConfig` and `loadPreset` return it. */
export interface Config {
  /** name of the run, part of the name of its folder [default: rin] */
  name: string;
  /** seed of all random draws [at least 0] [default: 0] */
  seed: number;
  /** the data: a folder, a tar, files of MNIST or CIFAR, or a built-in set: "emoji", "bouncing" (clips) or "tones" (sounds) */
  source?: string | undefined;
  /** the network */
  model: ModelConfig;
  /** the process, the objective, and self-conditioning in training */
  diffusion: DiffusionConfig;
  /** how pictures, clips and sounds become samples */
  data: DataConfig;
  /** length, optimiser, average, and the files of a run */
  training: TrainingConfig;
  /** the settings of the previews, and defaults of sampling */
  sampling: SamplingConfig;
}

/** What a program changes of a preset. Keys that are left out keep the values of the preset. */
export interface ConfigChanges {
  /** name of the run, part of the name of its folder [default: rin] */
  name?: string | undefined;
  /** seed of all random draws [at least 0] [default: 0] */
  seed?: number | undefined;
  /** the data: a folder, a tar, files of MNIST or CIFAR, or a built-in set: "emoji", "bouncing" (clips) or "tones" (sounds) */
  source?: string | undefined;
  /** the network */
  model?: ModelChanges | undefined;
  /** the process, the objective, and self-conditioning in training */
  diffusion?: DiffusionChanges | undefined;
  /** how pictures, clips and sounds become samples */
  data?: DataChanges | undefined;
  /** length, optimiser, average, and the files of a run */
  training?: TrainingChanges | undefined;
  /** the settings of the previews, and defaults of sampling */
  sampling?: SamplingChanges | undefined;
}

/** A configuration as a program writes it. Keys that are left out get their defaults. */
export interface ConfigInput extends ConfigChanges {
  model: ModelInput;
}

/** The `model` section as a program writes it. */
export interface ModelInput extends ModelChanges {
  /** size of a sample: N for a square picture, or [length], [height, width], [frames, height, width] */
  size: number | readonly number[];
  /** side of a patch; each patch becomes one interface token. On clips, a number is the spatial side, with 1 frame in time */
  patch: number | readonly number[];
}

/** The `model` section: the network. */
export interface ModelConfig {
  /** size of a sample: N for a square picture, or [length], [height, width], [frames, height, width] */
  size: number | number[];
  /** side of a patch; each patch becomes one interface token. On clips, a number is the spatial side, with 1 frame in time */
  patch: number | number[];
  /** channels of a pixel [at least 1] [default: 3] */
  channels: number;
  /** first frames of a clip that are given, without noise; the others are predicted. model.size counts both. 0 = none [at least 0] [default: 0] */
  givenFrames: number;
  /** number of classes; 0 = unconditional [at least 0] [default: 0] */
  classes: number;
  /** channels of a condition sequence, such as text; projected to the channels of the tokens that it joins; 0 = none [at least 0] [default: 0] */
  conditionDim: number;
  /** length of the condition sequence [at least 0] [default: 0] */
  conditionTokens: number;
  /** latent tokens m; the time and condition tokens count among them [at least 1] [default: 128] */
  latents: number;
  /** channels of a latent token d' [at least 1] [default: 512] */
  latentDim: number;
  /** attention heads of the compute layers [at least 1] [default: 16] */
  latentHeads: number;
  /** hidden width of the latent MLPs, divided by latentDim [above 0] [default: 4] */
  latentMlpRatio: number;
  /** channels of an interface token d [at least 1] [default: 256] */
  interfaceDim: number;
  /** hidden width of the MLP after the write, divided by interfaceDim; 0 = no MLP [at least 0] [default: 4] */
  interfaceMlpRatio: number;
  /** attention heads of read and write [at least 1] [default: 8] */
  readWriteHeads: number;
  /** compute layers K, one number for each block [default: [2, 2, 2]] */
  depth: number[];
  /** factor of gamma in the code of the time token [above 0] [default: 1000] */
  timeScaling: number;
  /** position code of the interface [default: learned] */
  interfacePosition: 'learned' | 'sinCos' | 'sinCosPlusLearned';
  /** initial values of the learned latents [default: learned] */
  latentPosition: 'learned' | 'sinCos' | 'sinCosPlusLearned';
  /** place of the time token; interface = next to the interface, read-only [default: latents] */
  timeOn: 'latents' | 'interface' | 'interfaceWritable';
  /** place of the condition tokens [default: latents] */
  conditionOn: 'latents' | 'interface' | 'interfaceWritable';
  /** read the read-only tokens first, by a separate attention [default: false] */
  decoupledRead: boolean;
  /** LayerNorm also on keys and values of read and write [default: false] */
  normalizeKeyValue: boolean;
  /** side of a depthwise convolution on the interface after each write; 0 = none [at least 0] [default: 0] */
  convolutionKernel: number;
  /** what a step takes from the one before: latents, interface, both, or data (its x0, joined to the input) [default: latents] */
  selfConditioning:
    | 'none'
    | 'latents'
    | 'interface'
    | 'both'
    | 'data'
    | 'latents+data'
    | 'interface+data'
    | 'both+data';
  /** start the readout at zero instead of Glorot uniform [default: false] */
  zeroReadout: boolean;
  /** dropout inside the MLPs of the compute layers [at least 0, below 1] [default: 0] */
  dropout: number;
  /** stochastic depth of the compute layers, per sample [at least 0, below 1] [default: 0] */
  dropPath: number;
  /** dropout on the attention weights of the compute layers [at least 0, below 1] [default: 0] */
  attentionDropout: number;
}

/** Changes of the `model` section. */
export interface ModelChanges {
  /** size of a sample: N for a square picture, or [length], [height, width], [frames, height, width] */
  size?: number | readonly number[] | undefined;
  /** side of a patch; each patch becomes one interface token. On clips, a number is the spatial side, with 1 frame in time */
  patch?: number | readonly number[] | undefined;
  /** channels of a pixel [at least 1] [default: 3] */
  channels?: number | undefined;
  /** first frames of a clip that are given, without noise; the others are predicted. model.size counts both. 0 = none [at least 0] [default: 0] */
  givenFrames?: number | undefined;
  /** number of classes; 0 = unconditional [at least 0] [default: 0] */
  classes?: number | undefined;
  /** channels of a condition sequence, such as text; projected to the channels of the tokens that it joins; 0 = none [at least 0] [default: 0] */
  conditionDim?: number | undefined;
  /** length of the condition sequence [at least 0] [default: 0] */
  conditionTokens?: number | undefined;
  /** latent tokens m; the time and condition tokens count among them [at least 1] [default: 128] */
  latents?: number | undefined;
  /** channels of a latent token d' [at least 1] [default: 512] */
  latentDim?: number | undefined;
  /** attention heads of the compute layers [at least 1] [default: 16] */
  latentHeads?: number | undefined;
  /** hidden width of the latent MLPs, divided by latentDim [above 0] [default: 4] */
  latentMlpRatio?: number | undefined;
  /** channels of an interface token d [at least 1] [default: 256] */
  interfaceDim?: number | undefined;
  /** hidden width of the MLP after the write, divided by interfaceDim; 0 = no MLP [at least 0] [default: 4] */
  interfaceMlpRatio?: number | undefined;
  /** attention heads of read and write [at least 1] [default: 8] */
  readWriteHeads?: number | undefined;
  /** compute layers K, one number for each block [default: [2, 2, 2]] */
  depth?: readonly number[] | undefined;
  /** factor of gamma in the code of the time token [above 0] [default: 1000] */
  timeScaling?: number | undefined;
  /** position code of the interface [default: learned] */
  interfacePosition?: 'learned' | 'sinCos' | 'sinCosPlusLearned' | undefined;
  /** initial values of the learned latents [default: learned] */
  latentPosition?: 'learned' | 'sinCos' | 'sinCosPlusLearned' | undefined;
  /** place of the time token; interface = next to the interface, read-only [default: latents] */
  timeOn?: 'latents' | 'interface' | 'interfaceWritable' | undefined;
  /** place of the condition tokens [default: latents] */
  conditionOn?: 'latents' | 'interface' | 'interfaceWritable' | undefined;
  /** read the read-only tokens first, by a separate attention [default: false] */
  decoupledRead?: boolean | undefined;
  /** LayerNorm also on keys and values of read and write [default: false] */
  normalizeKeyValue?: boolean | undefined;
  /** side of a depthwise convolution on the interface after each write; 0 = none [at least 0] [default: 0] */
  convolutionKernel?: number | undefined;
  /** what a step takes from the one before: latents, interface, both, or data (its x0, joined to the input) [default: latents] */
  selfConditioning?:
    | 'none'
    | 'latents'
    | 'interface'
    | 'both'
    | 'data'
    | 'latents+data'
    | 'interface+data'
    | 'both+data'
    | undefined;
  /** start the readout at zero instead of Glorot uniform [default: false] */
  zeroReadout?: boolean | undefined;
  /** dropout inside the MLPs of the compute layers [at least 0, below 1] [default: 0] */
  dropout?: number | undefined;
  /** stochastic depth of the compute layers, per sample [at least 0, below 1] [default: 0] */
  dropPath?: number | undefined;
  /** dropout on the attention weights of the compute layers [at least 0, below 1] [default: 0] */
  attentionDropout?: number | undefined;
}

/** The `diffusion` section: the process, the objective, and self-conditioning in training. */
export interface DiffusionConfig {
  /** what the network predicts [default: eps] */
  prediction: 'eps' | 'x' | 'v';
  /** quantity that the mean squared error compares [default: eps] */
  loss: 'eps' | 'x' | 'v';
  /** training schedule gamma(t) [default: {kind: sigmoid, start: -3, end: 3, tau: 0.9}] */
  schedule: ScheduleConfig;
  /** uniform = each t independently; stratified = one t from each of B equal parts of (0, 1), for a batch of B [default: uniform] */
  timeSampling: 'uniform' | 'stratified';
  /** b: pixels are scaled to [-b, b] [above 0, at most 4] [default: 1] */
  inputScale: number;
  /** divide the noised input by its standard deviation; sample = of each sample, expected = expected at gamma [default: none] */
  normalizeInput: 'none' | 'sample' | 'expected';
  /** mean square of the data in [-1, 1], for normalizeInput expected; measured on the data if not set [above 0] */
  dataMeanSquare?: number | undefined;
  /** clip the estimate of x in training too, as the authors do [default: false] */
  clipInTraining: boolean;
  /** share of samples that train with self-conditioning [0 to 1] [default: 0.9] */
  selfConditioningRate: number;
  /** mask = each sample with this probability; part = the first rate*B samples of the batch [default: mask] */
  selfConditioningBy: 'mask' | 'part';
  /** share of samples that train without their label [0 to 1] [default: 0] */
  labelDropout: number;
}

/** Changes of the `diffusion` section. */
export interface DiffusionChanges {
  /** what the network predicts [default: eps] */
  prediction?: 'eps' | 'x' | 'v' | undefined;
  /** quantity that the mean squared error compares [default: eps] */
  loss?: 'eps' | 'x' | 'v' | undefined;
  /** training schedule gamma(t) [default: {kind: sigmoid, start: -3, end: 3, tau: 0.9}] */
  schedule?: ScheduleChanges | undefined;
  /** uniform = each t independently; stratified = one t from each of B equal parts of (0, 1), for a batch of B [default: uniform] */
  timeSampling?: 'uniform' | 'stratified' | undefined;
  /** b: pixels are scaled to [-b, b] [above 0, at most 4] [default: 1] */
  inputScale?: number | undefined;
  /** divide the noised input by its standard deviation; sample = of each sample, expected = expected at gamma [default: none] */
  normalizeInput?: 'none' | 'sample' | 'expected' | undefined;
  /** mean square of the data in [-1, 1], for normalizeInput expected; measured on the data if not set [above 0] */
  dataMeanSquare?: number | undefined;
  /** clip the estimate of x in training too, as the authors do [default: false] */
  clipInTraining?: boolean | undefined;
  /** share of samples that train with self-conditioning [0 to 1] [default: 0.9] */
  selfConditioningRate?: number | undefined;
  /** mask = each sample with this probability; part = the first rate*B samples of the batch [default: mask] */
  selfConditioningBy?: 'mask' | 'part' | undefined;
  /** share of samples that train without their label [0 to 1] [default: 0] */
  labelDropout?: number | undefined;
}

/** The `data` section: how pictures, clips and sounds become samples. */
export interface DataConfig {
  /** center-crop = largest centre square, scaled; center-crop-dhariwal = the same, by the method of ADM; fit = whole picture, scaled, on the background [default: center-crop] */
  resize: 'center-crop' | 'center-crop-dhariwal' | 'fit';
  /** frames per second of clips; without it, as in each file [above 0, at most 1000] */
  frameRate?: number | undefined;
  /** a longer video or sound becomes several samples: frames, or values, from the start of one to the next; default: the length of a sample [at least 1] */
  stride?: number | undefined;
  /** samples per second of sounds, which are resampled; without it, 16,000 [1 to 1000000] */
  sampleRate?: number | undefined;
  /** mirror each picture or clip left-right half of the time [default: false] */
  flip: boolean;
  /** colour behind transparent pictures [default: #ffffff] */
  background: string;
}

/** Changes of the `data` section. */
export interface DataChanges {
  /** center-crop = largest centre square, scaled; center-crop-dhariwal = the same, by the method of ADM; fit = whole picture, scaled, on the background [default: center-crop] */
  resize?: 'center-crop' | 'center-crop-dhariwal' | 'fit' | undefined;
  /** frames per second of clips; without it, as in each file [above 0, at most 1000] */
  frameRate?: number | undefined;
  /** a longer video or sound becomes several samples: frames, or values, from the start of one to the next; default: the length of a sample [at least 1] */
  stride?: number | undefined;
  /** samples per second of sounds, which are resampled; without it, 16,000 [1 to 1000000] */
  sampleRate?: number | undefined;
  /** mirror each picture or clip left-right half of the time [default: false] */
  flip?: boolean | undefined;
  /** colour behind transparent pictures [default: #ffffff] */
  background?: string | undefined;
}

/** The `training` section: length, optimiser, average, and the files of a run. */
export interface TrainingConfig {
  /** length of the run: train on this many images [such as 5000, 200k or 1.5M] [at least 1] [default: 38400000] */
  images: number;
  /** images in one update of the weights [at least 1] [default: 256] */
  batch: number;
  /** images in one pass, with accumulated gradients; the batch if not set [at least 1] */
  microBatch?: number | undefined;
  /** largest share of the learned latents that a sample trains without: the last ones, a random number for each sample; 0 = none [0 to 1] [default: 0] */
  latentDrop: number;
  /** keep only the tokens between blocks, and compute each block again in the backward pass: less memory [default: false] */
  recompute: boolean;
  /** model to start from, for fine-tuning: a model.safetensors, or a run (folder, or number on the command line) */
  init?: string | undefined;
  /** lamb, adamw or muon, with its constants [default: {kind: lamb, beta1: 0.9, beta2: 0.999, epsilon: 1e-8}] */
  optimizer: OptimizerConfig;
  /** peak learning rate [above 0] [default: 0.003] */
  learningRate: number;
  /** weight decay; none on biases, gains and shifts of norms [at least 0] [default: 0.01] */
  weightDecay: number;
  /** length of the linear warm-up of the learning rate [images, or a share such as 2%] [default: 0] */
  warmup: Duration;
  /** learning rate after the warm-up [default: {kind: cosine, rate: 0.8, flat: 0}] */
  decay: DecayConfig;
  /** largest global norm of the gradients; 0 = no clipping [at least 0] [default: 0] */
  clipNorm: number;
  /** average of the weights [default: {kind: exponential, decay: 0.9999, rampUp: true}] */
  ema: EmaConfig;
  /** auto = bfloat16 if the processor multiplies it natively; master weights are always float32 [default: auto] */
  precision: 'auto' | 'float32' | 'bfloat16';
  /** device to compute on; auto = the first CUDA device, else the CPU [default: auto] */
  device: string;
  /** threads of libtorch on the CPU; 0 = all cores [0 to 4096] [default: 0] */
  threads: number;
  /** images from one line of stats.jsonl to the next [images, or a share such as 2%] [default: 2%] */
  logEvery: Duration;
  /** share of the data held out to measure the loss on; 0 = none [at least 0, below 1] [default: 0] */
  validation: number;
  /** images from one grid of samples to the next; 0 = no grids [images, or a share such as 2%] [default: 25%] */
  sampleEvery: Duration;
  /** images from one evaluation of new samples to the next, in stats.jsonl; 0 = none (see rin evaluate) [images, or a share such as 2%] [default: 0] */
  evaluateEvery: Duration;
  /** samples in each evaluation [at least 2] [default: 256] */
  evaluateCount: number;
  /** images from one checkpoint to the next [images, or a share such as 2%] [default: 10%] */
  checkpointEvery: Duration;
  /** checkpoints to keep; older ones are removed [at least 1] [default: 2] */
  keepCheckpoints: number;
  /** write an event file for TensorBoard into the folder of the run: losses, speed, pictures [default: false] */
  tensorboard: boolean;
}

/** Changes of the `training` section. */
export interface TrainingChanges {
  /** length of the run: train on this many images [such as 5000, 200k or 1.5M] [at least 1] [default: 38400000] */
  images?: number | string | undefined;
  /** images in one update of the weights [at least 1] [default: 256] */
  batch?: number | undefined;
  /** images in one pass, with accumulated gradients; the batch if not set [at least 1] */
  microBatch?: number | undefined;
  /** largest share of the learned latents that a sample trains without: the last ones, a random number for each sample; 0 = none [0 to 1] [default: 0] */
  latentDrop?: number | undefined;
  /** keep only the tokens between blocks, and compute each block again in the backward pass: less memory [default: false] */
  recompute?: boolean | undefined;
  /** model to start from, for fine-tuning: a model.safetensors, or a run (folder, or number on the command line) */
  init?: string | undefined;
  /** lamb, adamw or muon, with its constants [default: {kind: lamb, beta1: 0.9, beta2: 0.999, epsilon: 1e-8}] */
  optimizer?: OptimizerChanges | undefined;
  /** peak learning rate [above 0] [default: 0.003] */
  learningRate?: number | undefined;
  /** weight decay; none on biases, gains and shifts of norms [at least 0] [default: 0.01] */
  weightDecay?: number | undefined;
  /** length of the linear warm-up of the learning rate [images, or a share such as 2%] [default: 0] */
  warmup?: number | string | undefined;
  /** learning rate after the warm-up [default: {kind: cosine, rate: 0.8, flat: 0}] */
  decay?: DecayChanges | undefined;
  /** largest global norm of the gradients; 0 = no clipping [at least 0] [default: 0] */
  clipNorm?: number | undefined;
  /** average of the weights [default: {kind: exponential, decay: 0.9999, rampUp: true}] */
  ema?: EmaChanges | undefined;
  /** auto = bfloat16 if the processor multiplies it natively; master weights are always float32 [default: auto] */
  precision?: 'auto' | 'float32' | 'bfloat16' | undefined;
  /** device to compute on; auto = the first CUDA device, else the CPU [default: auto] */
  device?: string | undefined;
  /** threads of libtorch on the CPU; 0 = all cores [0 to 4096] [default: 0] */
  threads?: number | undefined;
  /** images from one line of stats.jsonl to the next [images, or a share such as 2%] [default: 2%] */
  logEvery?: number | string | undefined;
  /** share of the data held out to measure the loss on; 0 = none [at least 0, below 1] [default: 0] */
  validation?: number | undefined;
  /** images from one grid of samples to the next; 0 = no grids [images, or a share such as 2%] [default: 25%] */
  sampleEvery?: number | string | undefined;
  /** images from one evaluation of new samples to the next, in stats.jsonl; 0 = none (see rin evaluate) [images, or a share such as 2%] [default: 0] */
  evaluateEvery?: number | string | undefined;
  /** samples in each evaluation [at least 2] [default: 256] */
  evaluateCount?: number | undefined;
  /** images from one checkpoint to the next [images, or a share such as 2%] [default: 10%] */
  checkpointEvery?: number | string | undefined;
  /** checkpoints to keep; older ones are removed [at least 1] [default: 2] */
  keepCheckpoints?: number | undefined;
  /** write an event file for TensorBoard into the folder of the run: losses, speed, pictures [default: false] */
  tensorboard?: boolean | undefined;
}

/** The `sampling` section: the settings of the previews, and defaults of sampling. */
export interface SamplingConfig {
  /** denoising steps [at least 1] [default: 100] */
  steps: number;
  /** ddpm and dpm2mSde add noise in each step, the others do not; heun evaluates twice [default: ddpm] */
  sampler: 'ddim' | 'ddpm' | 'heun' | 'dpm2m' | 'dpm2mSde';
  /** sampling schedule gamma(t), independent of the training schedule [default: {kind: cosine, start: 0, end: 1, tau: 1}] */
  schedule: ScheduleConfig;
  /** classifier-free guidance weight w; 0 = none [at least 0] [default: 0] */
  guidance: number;
  /** lowest signal level gamma with guidance, 0 = noise to 1 = data; steps outside take one pass instead of two [0 to 1] [default: 0] */
  guidanceFrom: number;
  /** highest signal level gamma with guidance [0 to 1] [default: 1] */
  guidanceTo: number;
  /** latents that compute, with the time and condition tokens on them: N, or a list over the steps, such as 12,24,48; all if not set */
  latents?: number | number[] | undefined;
  /** latents of the unlabelled pass of guidance, at most those of the labelled pass; as many if not set */
  guidanceLatents?: number | number[] | undefined;
  /** variance of a ddpm step [default: large] */
  variance: 'large' | 'small';
  /** noise of ddim: 0 = none, 1 = as ddpm with variance small [0 to 1] [default: 0] */
  eta: number;
  /** asymmetric time interval td, in steps [at least 0] [default: 0] */
  timeDelta: number;
  /** momentum of what self-conditioning carries from step to step [at least 0, below 1] [default: 0] */
  momentum: number;
  /** clip the estimate of x to [-b, b] at every step [default: true] */
  clip: boolean;
}

/** Changes of the `sampling` section. */
export interface SamplingChanges {
  /** denoising steps [at least 1] [default: 100] */
  steps?: number | undefined;
  /** ddpm and dpm2mSde add noise in each step, the others do not; heun evaluates twice [default: ddpm] */
  sampler?: 'ddim' | 'ddpm' | 'heun' | 'dpm2m' | 'dpm2mSde' | undefined;
  /** sampling schedule gamma(t), independent of the training schedule [default: {kind: cosine, start: 0, end: 1, tau: 1}] */
  schedule?: ScheduleChanges | undefined;
  /** classifier-free guidance weight w; 0 = none [at least 0] [default: 0] */
  guidance?: number | undefined;
  /** lowest signal level gamma with guidance, 0 = noise to 1 = data; steps outside take one pass instead of two [0 to 1] [default: 0] */
  guidanceFrom?: number | undefined;
  /** highest signal level gamma with guidance [0 to 1] [default: 1] */
  guidanceTo?: number | undefined;
  /** latents that compute, with the time and condition tokens on them: N, or a list over the steps, such as 12,24,48; all if not set */
  latents?: number | readonly number[] | undefined;
  /** latents of the unlabelled pass of guidance, at most those of the labelled pass; as many if not set */
  guidanceLatents?: number | readonly number[] | undefined;
  /** variance of a ddpm step [default: large] */
  variance?: 'large' | 'small' | undefined;
  /** noise of ddim: 0 = none, 1 = as ddpm with variance small [0 to 1] [default: 0] */
  eta?: number | undefined;
  /** asymmetric time interval td, in steps [at least 0] [default: 0] */
  timeDelta?: number | undefined;
  /** momentum of what self-conditioning carries from step to step [at least 0, below 1] [default: 0] */
  momentum?: number | undefined;
  /** clip the estimate of x to [-b, b] at every step [default: true] */
  clip?: boolean | undefined;
}

/** A checked `schedule`, by kind. */
export type ScheduleConfig =
  | {
      kind: 'sigmoid';
      /** start of the curve, at t = 0 with gamma 1 [default: -3] */
      start: number;
      /** end of the curve, at t = 1 with gamma 0 [default: 3] */
      end: number;
      /** temperature: sigmoid of u/tau, cosine to the power 2 tau [above 0] [default: 0.9] */
      tau: number;
    }
  | {
      kind: 'cosine';
      /** start of the curve, at t = 0 with gamma 1 [0 to 1] [default: 0] */
      start: number;
      /** end of the curve, at t = 1 with gamma 0 [0 to 1] [default: 1] */
      end: number;
      /** temperature: sigmoid of u/tau, cosine to the power 2 tau [above 0] [default: 1] */
      tau: number;
    }
  | {
      kind: 'cosine-nichol';
    }
  | {
      kind: 'linear';
    }
  | {
      kind: 'log';
      /** start of the curve, at t = 0 with gamma 1 [above 0] [default: 0.0001] */
      start: number;
      /** end of the curve, at t = 1 with gamma 0 [above 0] [default: 1] */
      end: number;
      /** swap start and end [default: false] */
      reverse: boolean;
    };

/** A `schedule`, or changes of the keys of its kind. */
export type ScheduleChanges =
  | {
      kind?: 'sigmoid';
      /** start of the curve, at t = 0 with gamma 1 [default: -3] */
      start?: number;
      /** end of the curve, at t = 1 with gamma 0 [default: 3] */
      end?: number;
      /** temperature: sigmoid of u/tau, cosine to the power 2 tau [above 0] [default: 0.9] */
      tau?: number;
    }
  | {
      kind?: 'cosine';
      /** start of the curve, at t = 0 with gamma 1 [0 to 1] [default: 0] */
      start?: number;
      /** end of the curve, at t = 1 with gamma 0 [0 to 1] [default: 1] */
      end?: number;
      /** temperature: sigmoid of u/tau, cosine to the power 2 tau [above 0] [default: 1] */
      tau?: number;
    }
  | {
      kind?: 'cosine-nichol';
    }
  | {
      kind?: 'linear';
    }
  | {
      kind?: 'log';
      /** start of the curve, at t = 0 with gamma 1 [above 0] [default: 0.0001] */
      start?: number;
      /** end of the curve, at t = 1 with gamma 0 [above 0] [default: 1] */
      end?: number;
      /** swap start and end [default: false] */
      reverse?: boolean;
    };

/** A checked `optimizer`, by kind. */
export type OptimizerConfig =
  | {
      kind: 'lamb';
      /** decay of the mean of the gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.9] */
      beta1: number;
      /** decay of the mean of the squared gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.999] */
      beta2: number;
      /** added to the root of the mean square [above 0] [default: 1e-8] */
      epsilon: number;
    }
  | {
      kind: 'adamw';
      /** decay of the mean of the gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.9] */
      beta1: number;
      /** decay of the mean of the squared gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.999] */
      beta2: number;
      /** added to the root of the mean square [above 0] [default: 1e-8] */
      epsilon: number;
    }
  | {
      kind: 'muon';
      /** Nesterov momentum of the block matrices [at least 0, below 1] [default: 0.95] */
      momentum: number;
      /** steps of the iteration that orthogonalises an update [1 to 10] [default: 4] */
      newtonSchulzSteps: number;
      /** learning rate of AdamW, which trains all but the block matrices [above 0] [default: 0.002] */
      adamRate: number;
      /** decay of the mean of the gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.9] */
      beta1: number;
      /** decay of the mean of the squared gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.95] */
      beta2: number;
      /** added to the root of the mean square [above 0] [default: 1e-8] */
      epsilon: number;
    };

/** A `optimizer`, or changes of the keys of its kind. */
export type OptimizerChanges =
  | {
      kind?: 'lamb';
      /** decay of the mean of the gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.9] */
      beta1?: number;
      /** decay of the mean of the squared gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.999] */
      beta2?: number;
      /** added to the root of the mean square [above 0] [default: 1e-8] */
      epsilon?: number;
    }
  | {
      kind?: 'adamw';
      /** decay of the mean of the gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.9] */
      beta1?: number;
      /** decay of the mean of the squared gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.999] */
      beta2?: number;
      /** added to the root of the mean square [above 0] [default: 1e-8] */
      epsilon?: number;
    }
  | {
      kind?: 'muon';
      /** Nesterov momentum of the block matrices [at least 0, below 1] [default: 0.95] */
      momentum?: number;
      /** steps of the iteration that orthogonalises an update [1 to 10] [default: 4] */
      newtonSchulzSteps?: number;
      /** learning rate of AdamW, which trains all but the block matrices [above 0] [default: 0.002] */
      adamRate?: number;
      /** decay of the mean of the gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.9] */
      beta1?: number;
      /** decay of the mean of the squared gradients (muon: in its AdamW) [at least 0, below 1] [default: 0.95] */
      beta2?: number;
      /** added to the root of the mean square [above 0] [default: 1e-8] */
      epsilon?: number;
    };

/** A checked `decay`, by kind. */
export type DecayConfig =
  | {
      kind: 'constant';
    }
  | {
      kind: 'cosine';
      /** share of the cosine that the run goes through (the authors: 0.7, 0.8) [above 0, at most 1] [default: 1] */
      rate: number;
      /** share of the run at the full rate, from its start [at least 0, below 1] [default: 0] */
      flat: number;
    };

/** A `decay`, or changes of the keys of its kind. */
export type DecayChanges =
  | {
      kind?: 'constant';
    }
  | {
      kind?: 'cosine';
      /** share of the cosine that the run goes through (the authors: 0.7, 0.8) [above 0, at most 1] [default: 1] */
      rate?: number;
      /** share of the run at the full rate, from its start [at least 0, below 1] [default: 0] */
      flat?: number;
    };

/** A checked `ema`, by kind. */
export type EmaConfig =
  | {
      kind: 'exponential';
      /** share of the average that an update keeps [at least 0, below 1] [default: 0.9999] */
      decay: number;
      /** min(decay, (1 + s)/(10 + s)) after s updates [default: true] */
      rampUp: boolean;
    }
  | {
      kind: 'power';
      /** the weights after update s count with s to this power [above 0] [default: 13] */
      exponent: number;
    };

/** A `ema`, or changes of the keys of its kind. */
export type EmaChanges =
  | {
      kind?: 'exponential';
      /** share of the average that an update keeps [at least 0, below 1] [default: 0.9999] */
      decay?: number;
      /** min(decay, (1 + s)/(10 + s)) after s updates [default: true] */
      rampUp?: boolean;
    }
  | {
      kind?: 'power';
      /** the weights after update s count with s to this power [above 0] [default: 13] */
      exponent?: number;
    };
