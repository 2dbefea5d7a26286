//! A pointwise convolution and the depthwise one behind it, in one go.
//!
//! Networks of the `MobileNet` kind widen their planes sixfold for the depthwise convolution only. Written out, these
//! planes are the largest of the network and outgrow the processor's caches; here a block of channels is widened into
//! a small buffer, a band of rows at a time, and spread from there.

mod rewrite;

use std::ops::Range;

use tract_onnx::tract_core::internal::{
    EvalContext, EvalOp, IntoTValue, Op, StaticName, TValue, TVec, TractErrorContext, TractResult, TypedFact, TypedOp,
    Validation, args_1, as_op, bail, op_as_typed_op, op_out_of_plan, tvec,
};

pub(crate) use self::rewrite::rewrite;
use crate::depthwise::{Band, Depthwise, Layout};
use crate::pointwise::block::{self, CHANNELS, Finish};
use crate::pointwise::{Panels, Pointwise};
use crate::{parallel, samples};

/// The samples of a band before and after it is widened by one block: three quarters of the second cache of small
/// processors.
const BAND_SAMPLES: usize = 96 * 1024;

/// `widen`, then `spread`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Expanded {
    widen: Pointwise,
    spread: Depthwise,
}

impl Expanded {
    /// These rows of every plane. `size` is the input's height and width.
    fn compute(
        &self,
        input: &[f32],
        size: (usize, usize),
        rows: &Range<usize>,
        planes: &mut [&mut [f32]],
    ) -> TractResult<()> {
        let (weights, bias) = self.widen.blocks()?;
        let weights = weights.chunks_exact(self.widen.input_channels);
        let kernels = self.spread.kernels()?;
        let (_, output_width) = self.spread.output_size();
        let first_row = rows.start;
        let (mut panels, mut narrow, mut wide, mut spare) = (Panels::default(), Vec::new(), Vec::new(), Vec::new());
        for band in self.bands(size, rows) {
            // The narrow planes are padded, not the wide ones, of which there are more.
            let layout = Layout::new(&self.spread, &band, size.1);
            narrow.clear();
            narrow.resize(layout.len(), 0.0);
            let rows = band.input_rows.start * size.1..band.input_rows.end * size.1;
            let filled = layout.filled();
            panels.begin(self.widen.input_channels, filled.len());
            for (channel, plane) in input.chunks_exact(size.0 * size.1).enumerate() {
                layout.copy(&plane[rows.clone()], size.1, &mut narrow);
                panels.put(channel, &narrow[filled.clone()]);
            }
            wide.resize(CHANNELS * layout.len(), 0.0);
            wide.chunks_exact_mut(layout.len()).for_each(|plane| layout.clear_around(plane));
            let rows = band.output_rows;
            let rows = (rows.start - first_row) * output_width..(rows.end - first_row) * output_width;
            let blocks = planes.chunks_mut(CHANNELS).zip(weights.clone()).zip(bias);
            for (block, ((planes, weights), bias)) in blocks.enumerate() {
                let finish = Finish { bias, addend: None, rectified: self.widen.rectified };
                let mut rows_to_fill = rows_of(&mut wide, layout.len()).map(|row| &mut row[filled.clone()]);
                block::multiply(weights, panels.samples(), finish, &mut rows_to_fill);
                let planes = planes.iter_mut().zip(wide.chunks_exact_mut(layout.len()));
                for (channel, (plane, wide)) in (block * CHANNELS..).zip(planes) {
                    layout.clear_margins(wide);
                    self.spread.compute(kernels, channel, wide, &layout, &mut spare, &mut plane[rows.clone()]);
                }
            }
        }
        Ok(())
    }

    /// Bands that together give these rows of the result.
    fn bands(&self, (height, width): (usize, usize), rows: &Range<usize>) -> impl Iterator<Item = Band> {
        let most = BAND_SAMPLES / (width * (self.widen.input_channels + CHANNELS));
        let most = (most / self.spread.stride()).clamp(1, rows.len());
        // Equal bands: a last one of few rows would compute its neighbors' rows for little.
        let share = rows.len().div_ceil(rows.len().div_ceil(most));
        let end = rows.end;
        rows.clone().step_by(share).map(move |start| {
            let output_rows = start..(start + share).min(end);
            Band { input_rows: self.spread.rows_seen(&output_rows, height), output_rows }
        })
    }
}

/// One row of a block for each channel.
fn rows_of(samples: &mut [f32], row_len: usize) -> [&mut [f32]; CHANNELS] {
    let mut rows = samples.chunks_exact_mut(row_len);
    std::array::from_fn(|_| rows.next().unwrap_or_default())
}

impl Op for Expanded {
    fn name(&self) -> StaticName {
        "ExpandedDepthwise3x3".into()
    }

    fn validation(&self) -> Validation {
        Validation::Rounding
    }

    op_as_typed_op!();
}

impl EvalOp for Expanded {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let &[images, channels, height, width] = input.shape() else { bail!("convolutions take planes") };
        if channels != self.widen.input_channels {
            bail!("a pointwise convolution of {} channels met {channels}", self.widen.input_channels);
        }
        let input = samples::of(&input)?;
        let mut output = samples::unwritten(&self.spread.output_shape(images))?;
        let mut planes = output.to_plain_array_view_mut::<f32>()?;
        let planes = planes.as_slice_mut().context("planes lie in one piece")?;
        let plane_len = self.spread.plane_len();
        for (image, planes) in planes.chunks_exact_mut(self.widen.output_channels * plane_len).enumerate() {
            let input = &input[image * channels * height * width..][..channels * height * width];
            parallel::rows(planes, self.spread.output_size(), |rows, planes| {
                self.compute(input, (height, width), &rows, planes)
            })?;
        }
        Ok(tvec!(output.into_tvalue()))
    }
}

impl TypedOp for Expanded {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let widened = self.widen.output_facts(inputs)?;
        self.spread.output_facts(&[&widened[0]])
    }

    as_op!();
}

#[cfg(test)]
mod tests;
