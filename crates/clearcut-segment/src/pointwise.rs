//! Pointwise (1 by 1) convolutions, most of a small network's arithmetic.
//!
//! tract computes them as a product of matrices, for which it copies the planes into the layout of its kernels, and
//! runs the rectifier or the sum behind them as an operation of its own that reads and writes all planes once more.
//! Here strips of pixels are copied into a buffer that stays in the processor's nearest cache, are multiplied by all
//! weights, and leave with bias, sum and rectifier applied.

pub(crate) mod block;
mod panels;
mod rewrite;

use std::ops::Range;
use std::sync::Arc;

use tract_onnx::tract_core::internal::{
    DatumExt, EvalContext, EvalOp, IntoArcTensor, IntoTValue, Op, StaticName, TValue, TVec, Tensor, ToDim,
    TractErrorContext, TractResult, TypedFact, TypedOp, Validation, as_op, bail, op_as_typed_op, op_out_of_plan, tvec,
};

use self::block::{CHANNELS, Finish, PIXELS, Weights};
pub(crate) use self::panels::Panels;
pub(crate) use self::rewrite::rewrite;
use crate::{parallel, samples};

/// The samples of a strip, about half of the processor's nearest cache.
const STRIP_SAMPLES: usize = 8192;

/// A convolution with a kernel of one pixel on planes of single precision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Pointwise {
    /// Blocks of [`CHANNELS`] output channels, in each of them one row of weights for each input channel. The last
    /// block is filled up with zeros.
    weights: Arc<Tensor>,
    /// One value an output channel, filled up likewise.
    bias: Arc<Tensor>,
    pub(crate) input_channels: usize,
    pub(crate) output_channels: usize,
    /// How many inputs hold the input's channels, one after the other.
    pub(crate) parts: usize,
    /// Whether negative results become 0.
    pub(crate) rectified: bool,
    /// Whether one more input, of the output's shape, is added before that.
    pub(crate) added: bool,
}

impl Pointwise {
    /// A convolution by `weights`, a row of `input_channels` for each output channel.
    pub(crate) fn new(weights: &[f32], bias: &[f32], input_channels: usize) -> TractResult<Self> {
        let output_channels = bias.len();
        let blocks = output_channels.div_ceil(CHANNELS);
        let mut packed = vec![[0.0; CHANNELS]; blocks * input_channels];
        for (output, row) in weights.chunks_exact(input_channels).enumerate() {
            let block = &mut packed[output / CHANNELS * input_channels..][..input_channels];
            for (packed, weight) in block.iter_mut().zip(row) {
                packed[output % CHANNELS] = *weight;
            }
        }
        let mut padded_bias = bias.to_vec();
        padded_bias.resize(blocks * CHANNELS, 0.0);
        Ok(Self {
            weights: Tensor::from_shape(&[blocks, input_channels, CHANNELS], packed.as_flattened())?.into_arc_tensor(),
            bias: Tensor::from_shape(&[blocks, CHANNELS], &padded_bias)?.into_arc_tensor(),
            input_channels,
            output_channels,
            parts: 1,
            rectified: false,
            added: false,
        })
    }

    /// The weights of each block, and its bias.
    pub(crate) fn blocks(&self) -> TractResult<(&[Weights], &[Weights])> {
        Ok((as_weights(&self.weights)?, as_weights(&self.bias)?))
    }

    /// These pixels of every plane, made from those of all `parts`.
    fn compute(
        &self,
        parts: &[&[f32]],
        addend: Option<&[f32]>,
        plane_len: usize,
        pixels: Range<usize>,
        planes: &mut [&mut [f32]],
    ) -> TractResult<()> {
        let (weights, bias) = self.blocks()?;
        let weights = weights.chunks_exact(self.input_channels);
        let strip_len = (STRIP_SAMPLES / self.input_channels).next_multiple_of(PIXELS);
        let mut panels = Panels::default();
        for start in pixels.clone().step_by(strip_len) {
            let strip = start..(start + strip_len).min(pixels.end);
            panels.begin(self.input_channels, strip.len());
            for (channel, plane) in parts.iter().flat_map(|part| part.chunks_exact(plane_len)).enumerate() {
                panels.put(channel, &plane[strip.clone()]);
            }
            let blocks = planes.chunks_mut(CHANNELS).zip(weights.clone()).zip(bias);
            for (block, ((planes, weights), bias)) in blocks.enumerate() {
                let mut rows: [&mut [f32]; CHANNELS] = Default::default();
                for (row, plane) in rows.iter_mut().zip(planes) {
                    *row = &mut plane[strip.start - pixels.start..strip.end - pixels.start];
                }
                let addend = addend.map(|addend| {
                    let mut planes = addend.chunks_exact(plane_len).skip(block * CHANNELS);
                    std::array::from_fn(|_| planes.next().map_or(&[][..], |plane| &plane[strip.clone()]))
                });
                block::multiply(
                    weights,
                    panels.samples(),
                    Finish { bias, addend, rectified: self.rectified },
                    &mut rows,
                );
            }
        }
        Ok(())
    }
}

impl Op for Pointwise {
    fn name(&self) -> StaticName {
        "Pointwise".into()
    }

    fn validation(&self) -> Validation {
        Validation::Rounding
    }

    op_as_typed_op!();
}

impl EvalOp for Pointwise {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let &[images, _, height, width] = inputs[0].shape() else { bail!("a pointwise convolution takes planes") };
        let (parts, addend) = inputs.split_at_checked(self.parts).context("a pointwise convolution misses an input")?;
        let channels: usize = parts.iter().map(|part| part.shape()[1]).sum();
        if channels != self.input_channels {
            bail!("a pointwise convolution of {} channels met {channels}", self.input_channels);
        }
        let plane_len = height * width;
        let parts: Vec<&[f32]> = parts.iter().map(|part| samples::of(part)).collect::<TractResult<_>>()?;
        let addend = addend.first().filter(|_| self.added).map(|addend| samples::of(addend)).transpose()?;
        let mut output = samples::unwritten(&[images, self.output_channels, height, width])?;
        let mut planes = output.to_plain_array_view_mut::<f32>()?;
        let planes = planes.as_slice_mut().context("planes lie in one piece")?;
        for (image, planes) in planes.chunks_exact_mut((self.output_channels * plane_len).max(1)).enumerate() {
            let of_image = |samples: &&'_ [f32]| -> Range<usize> {
                let len = samples.len() / images;
                image * len..(image + 1) * len
            };
            let parts: Vec<&[f32]> = parts.iter().map(|part| &part[of_image(part)]).collect();
            let addend = addend.map(|addend| &addend[of_image(&addend)]);
            parallel::rows(planes, (height, width), |rows, planes| {
                self.compute(&parts, addend, plane_len, rows.start * width..rows.end * width, planes)
            })?;
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for Pointwise {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = inputs[0].shape.clone();
        shape.set(1, self.output_channels.to_dim());
        Ok(tvec!(f32::fact(shape)))
    }

    as_op!();
}

fn as_weights(tensor: &Tensor) -> TractResult<&[Weights]> {
    Ok(samples::of(tensor)?.as_chunks().0)
}

#[cfg(test)]
mod tests;
