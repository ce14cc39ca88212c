# The networks that efficiency.py and equalTime.py compare with RIN, all with the call of `RIN` in examples/pytorch/rin.py.
import math
from types import SimpleNamespace

import torch
from torch import nn


class Rival(nn.Module):
    """A network of diffusers with RIN's call. It carries nothing from step to step."""

    def __init__(self, network, classes):
        super().__init__()
        self.network, self.classes = network, classes
        self.c = SimpleNamespace(selfConditioning='none', latents=1)

    def forward(self, x, gamma, condition=None, previous=None, given=None, latents=None):
        """x [B, C, *size], gamma [B], condition [B, classes] one-hot; None or zeros = no class → [B, C, *size], None, None"""
        time = (1000 * gamma).to(x.dtype)
        if x.dim() == 5:
            tokens = x.new_zeros(len(x), 1, clip_context)  # the class of diffusers always attends to a text; this one is empty
            return self.network(x, time, tokens, return_dict=False)[0], None, None
        if condition is None:
            labels = torch.full((len(x),), self.classes, device=x.device)
        else:
            labels = condition.argmax(1).where(condition.any(1), self.classes)
        prediction = self.network(x, time, class_labels=labels, return_dict=False)[0]
        return prediction[:, : x.shape[1]], None, None  # ADM also predicts a variance, which has no loss here


def unet(size, widths, layers, attention, time_width, classes, channels_out=3):
    """
    The U-Net of ADM (Dhariwal & Nichol 2021): residual blocks that scale and shift by time and class, residual up- and
    downsampling, heads 64 wide; attention at these sides of the map. Weights that ADM starts at zero do so here.
    """
    from diffusers import UNet2DModel
    from diffusers.models.attention_processor import Attention
    from diffusers.models.resnet import ResnetBlock2D

    attends = [size >> level in attention for level in range(len(widths))]
    network = UNet2DModel(
        sample_size=size,
        out_channels=channels_out,
        down_block_types=['AttnDownBlock2D' if here else 'ResnetDownsampleBlock2D' for here in attends],
        up_block_types=['AttnUpBlock2D' if here else 'ResnetUpsampleBlock2D' for here in reversed(attends)],
        block_out_channels=widths,
        layers_per_block=layers,
        time_embedding_dim=time_width,
        norm_num_groups=math.gcd(32, *widths),
        attention_head_dim=min(64, *widths),
        downsample_type='resnet',
        upsample_type='resnet',
        resnet_time_scale_shift='scale_shift',
        num_class_embeds=classes,
    )
    for module in network.modules():
        if isinstance(module, ResnetBlock2D):
            start_at_zero(module.conv2)
        if isinstance(module, Attention):
            start_at_zero(module.to_out[0])
    start_at_zero(network.conv_out)
    return network


def start_at_zero(layer):
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def adm(size, classes):
    """
    ADM for ImageNet. Channels and blocks for each resolution are the flags in the README of openai/guided-diffusion, the
    multipliers those of `create_model` in its script_util.py; so are attention at 32, 16 and 8 and the 6 output channels.
    Its network for 128 has 4 heads of any width, which costs the same operations.
    """
    channels, layers, multipliers = {
        64: (192, 3, (1, 2, 3, 4)),
        128: (256, 2, (1, 1, 2, 3, 4)),
        256: (256, 2, (1, 1, 2, 2, 4, 4)),
        512: (256, 2, (0.5, 1, 1, 2, 2, 4, 4)),
    }[size]
    widths = [int(channels * multiplier) for multiplier in multipliers]
    return unet(size, widths, layers, (32, 16, 8), 4 * channels, classes, channels_out=6)


def transformer(size, patch, width, layers, heads, classes, channels=3, channels_out=3):
    """A DiT (Peebles & Xie 2023) on patches of pixels, which starts as the authors' code does."""
    from diffusers import DiTTransformer2DModel

    network = DiTTransformer2DModel(
        sample_size=size,
        patch_size=patch,
        in_channels=channels,
        out_channels=channels_out,
        num_attention_heads=heads,
        attention_head_dim=width // heads,
        num_layers=layers,
        num_embeds_ada_norm=classes,
    )
    # diffusers gives each block its own embedding of time and class, which DiT has once. The trainer drops labels itself.
    embedding = network.transformer_blocks[0].norm1.emb
    embedding.class_embedder.dropout_prob = 0
    for block in network.transformer_blocks:
        block.norm1.emb = embedding

    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    nn.init.xavier_uniform_(network.pos_embed.proj.weight.view(width, -1))
    nn.init.zeros_(network.pos_embed.proj.bias)
    small = [embedding.class_embedder.embedding_table, embedding.timestep_embedder.linear_1, embedding.timestep_embedder.linear_2]
    for module in small:
        nn.init.normal_(module.weight, std=0.02)
    for module in (*(block.norm1.linear for block in network.transformer_blocks), network.proj_out_1, network.proj_out_2):
        start_at_zero(module)
    return network


clip_context = 64  # channels of the empty text


def unet3d(size, channels):
    """
    A U-Net for clips with the multipliers of Video Diffusion (Ho et al. 2022): 1, 2, 4, 8, with attention below the highest
    resolution. The class of diffusers has four more convolutions over time in each block, a feed-forward layer in each
    attention, and attention to a text. So one block at each resolution is already above the published operations.
    """
    from diffusers import UNet3DConditionModel

    return UNet3DConditionModel(
        sample_size=size,
        in_channels=3,
        out_channels=3,
        down_block_types=['DownBlock3D', *['CrossAttnDownBlock3D'] * 3],
        up_block_types=[*['CrossAttnUpBlock3D'] * 3, 'UpBlock3D'],
        block_out_channels=[channels * multiplier for multiplier in (1, 2, 4, 8)],
        layers_per_block=1,
        cross_attention_dim=clip_context,
        attention_head_dim=64 if channels % 64 == 0 else 32,
    )
