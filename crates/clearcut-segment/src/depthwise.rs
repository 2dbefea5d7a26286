//! Depthwise 3 by 3 convolutions, a third of a small network's time in tract's own operation and a tenth in this one.
//!
//! Each channel is padded once into a plane of its own, and each of its rows is then nine streams that are multiplied
//! and added in registers; the rectifier behind it, if there is one, costs nothing more.

mod padded;
mod plane;
mod rewrite;

use std::ops::Range;
use std::sync::Arc;

use tract_onnx::tract_core::internal::{
    DatumExt, EvalContext, EvalOp, IntoArcTensor, IntoTValue, Op, StaticName, TValue, TVec, Tensor, ToDim,
    TractErrorContext, TractResult, TypedFact, TypedOp, Validation, args_1, as_op, bail, op_as_typed_op,
    op_out_of_plan, tvec,
};

pub(crate) use self::padded::{Band, Layout};
use self::plane::Weights;
pub(crate) use self::rewrite::rewrite;

use crate::{parallel, samples};

/// A convolution of each channel with a kernel of its own, 3 by 3, on planes of single precision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Depthwise {
    /// Nine weights a channel, row by row.
    kernel: Arc<Tensor>,
    /// One value a channel.
    bias: Arc<Tensor>,
    /// Pixels from one window to the next: 1 or 2, the same in both directions.
    stride: usize,
    /// Zeros above and to the left of the plane.
    pad: (usize, usize),
    /// Height and width of the result.
    output: (usize, usize),
    /// Whether negative results become 0.
    rectified: bool,
}

/// What each channel is convolved with, and what is added to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernels<'a> {
    kernels: &'a [[f32; 9]],
    bias: &'a [f32],
}

impl Op for Depthwise {
    fn name(&self) -> StaticName {
        "Depthwise3x3".into()
    }

    fn validation(&self) -> Validation {
        Validation::Rounding
    }

    op_as_typed_op!();
}

impl EvalOp for Depthwise {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let &[images, channels, height, width] = input.shape() else { bail!("a depthwise convolution takes planes") };
        let input = samples::of(&input)?;
        let kernels = self.kernels()?;
        let mut output = samples::unwritten(&self.output_shape(images))?;
        let mut planes = output.to_plain_array_view_mut::<f32>()?;
        let planes = planes.as_slice_mut().context("planes lie in one piece")?;
        parallel::rows(planes, self.output, |rows, planes| {
            let band = Band { input_rows: self.rows_seen(&rows, height), output_rows: rows };
            let layout = Layout::new(self, &band, width);
            let seen = band.input_rows.start * width..band.input_rows.end * width;
            let (mut padded, mut spare) = (vec![0.0; layout.len()], Vec::new());
            for (index, (plane, rows)) in input.chunks_exact(height * width).zip(planes).enumerate() {
                layout.copy(&plane[seen.clone()], width, &mut padded);
                self.compute(kernels, index % channels, &padded, &layout, &mut spare, rows);
            }
            Ok(())
        })?;
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for Depthwise {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = inputs[0].shape.clone();
        shape.set(2, self.output.0.to_dim());
        shape.set(3, self.output.1.to_dim());
        Ok(tvec!(f32::fact(shape)))
    }

    as_op!();
}

impl Depthwise {
    /// A convolution by `kernel`, nine weights for each value of `bias`; `pad` and `output` are heights, then widths.
    pub(crate) fn new(
        kernel: &[f32],
        bias: &[f32],
        stride: usize,
        pad: (usize, usize),
        output: (usize, usize),
    ) -> TractResult<Self> {
        Ok(Self {
            kernel: Tensor::from_shape(&[bias.len(), 1, 3, 3], kernel)?.into_arc_tensor(),
            bias: Tensor::from_shape(&[bias.len()], bias)?.into_arc_tensor(),
            stride,
            pad,
            output,
            rectified: false,
        })
    }

    /// The convolution of some of the channels.
    pub(crate) fn channels(&self, channels: Range<usize>) -> TractResult<Self> {
        Ok(Self {
            kernel: self.kernel.slice(0, channels.start, channels.end)?.into_arc_tensor(),
            bias: self.bias.slice(0, channels.start, channels.end)?.into_arc_tensor(),
            ..self.clone()
        })
    }

    pub(crate) fn with_rectifier(self, rectified: bool) -> Self {
        Self { rectified, ..self }
    }

    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Height and width of the result.
    pub(crate) fn output_size(&self) -> (usize, usize) {
        self.output
    }

    /// Samples in a plane of the result.
    pub(crate) fn plane_len(&self) -> usize {
        self.output.0 * self.output.1
    }

    pub(crate) fn output_shape(&self, images: usize) -> [usize; 4] {
        [images, self.bias.len(), self.output.0, self.output.1]
    }

    /// The rows of a plane of `height` rows that these rows of the result are made from.
    pub(crate) fn rows_seen(&self, output_rows: &Range<usize>, height: usize) -> Range<usize> {
        let first = (output_rows.start * self.stride).saturating_sub(self.pad.0);
        let end = ((output_rows.end - 1) * self.stride + 3).saturating_sub(self.pad.0);
        first.min(height)..end.min(height)
    }

    /// The weights of all channels.
    pub(crate) fn kernels(&self) -> TractResult<Kernels<'_>> {
        Ok(Kernels { kernels: samples::of(&self.kernel)?.as_chunks().0, bias: samples::of(&self.bias)? })
    }

    /// Computes rows of one channel's result from the padded samples of its band.
    pub(crate) fn compute(
        &self,
        kernels: Kernels<'_>,
        channel: usize,
        padded: &[f32],
        layout: &Layout,
        spare: &mut Vec<f32>,
        rows: &mut [f32],
    ) {
        let Kernels { kernels, bias } = kernels;
        let weights = Weights { kernel: &kernels[channel], bias: bias[channel], rectified: self.rectified };
        plane::convolve(padded, layout, weights, spare, self.output.1, rows);
    }
}

#[cfg(test)]
mod tests;
