//! Depthwise 3 by 3 convolutions, a third of a small network's time in tract's own operation and a tenth in this one.
//!
//! Each channel is padded once into a plane of its own, and each of its rows is then nine streams that are multiplied
//! and added in registers; the rectifier behind it, if there is one, costs nothing more.

mod rewrite;
mod row;

use std::sync::Arc;

use tract_linalg::multithread::par_chunks_mut;
use tract_onnx::tract_core::internal::{
    DatumExt, EvalContext, EvalOp, IntoTValue, Op, StaticName, TValue, TVec, Tensor, ToDim, TractErrorContext,
    TractResult, TypedFact, TypedOp, Validation, args_1, as_op, bail, op_as_typed_op, op_out_of_plan, tvec,
};

pub(crate) use rewrite::rewrite;

/// A convolution of each channel with a kernel of its own, 3 by 3, on planes of single precision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Depthwise {
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

/// A plane with its zeros around it. With a stride of 2 a row's even columns come first, then its odd ones.
#[derive(Debug, Default)]
struct Padded {
    samples: Vec<f32>,
    row_len: usize,
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
        let input = input.to_plain_array_view::<f32>()?;
        let input = input.as_slice().context("planes lie in one piece")?;
        let kernel = self.kernel.to_plain_array_view::<f32>()?;
        let kernel = kernel.as_slice().context("weights lie in one piece")?.as_chunks::<9>().0;
        let bias = self.bias.to_plain_array_view::<f32>()?;
        let bias = bias.as_slice().context("weights lie in one piece")?;
        let plane_len = self.output.0 * self.output.1;
        let shape = [images, channels, self.output.0, self.output.1];
        #[expect(unsafe_code, reason = "writing zeros first would take a fifth of the time")]
        // SAFETY: every row of every plane is written below, and nothing is read.
        let mut output = unsafe { Tensor::uninitialized::<f32>(&shape)? };
        let mut planes = output.to_plain_array_view_mut::<f32>()?;
        let planes = planes.as_slice_mut().context("planes lie in one piece")?;
        let total = planes.len();
        par_chunks_mut(planes, plane_len, total, |first, planes| {
            let mut padded = Padded::default();
            for (index, plane) in (first..).zip(planes.chunks_exact_mut(plane_len)) {
                let channel = index % channels;
                padded.fill(&input[index * height * width..][..height * width], width, self);
                self.convolve(&padded, &kernel[channel], bias[channel], plane);
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
    fn convolve(&self, padded: &Padded, kernel: &[f32; 9], bias: f32, plane: &mut [f32]) {
        let width = self.output.1;
        // Where the three columns of a window begin in a padded row.
        let columns = if self.stride == 1 { [0, 1, 2] } else { [0, width + 1, 1] };
        for (y, row) in plane.chunks_exact_mut(width).enumerate() {
            let streams = std::array::from_fn(|tap| {
                let start = (y * self.stride + tap / 3) * padded.row_len + columns[tap % 3];
                &padded.samples[start..][..width]
            });
            row::convolve(row, streams, kernel, bias, self.rectified);
        }
    }
}

impl Padded {
    fn fill(&mut self, plane: &[f32], width: usize, op: &Depthwise) {
        let (rows, columns) = ((op.output.0 - 1) * op.stride + 3, (op.output.1 - 1) * op.stride + 3);
        self.row_len = columns;
        // Zeros stay where they are from one plane to the next: all have the same shape.
        self.samples.resize(rows * columns, 0.0);
        let (top, left) = op.pad;
        let seen = width.min(columns - left);
        for (source, target) in plane.chunks_exact(width).zip(self.samples.chunks_exact_mut(columns).skip(top)) {
            let source = &source[..seen];
            if op.stride == 1 {
                target[left..][..seen].copy_from_slice(source);
                continue;
            }
            let (even, odd) = target.split_at_mut(op.output.1 + 1);
            // Column `x` of the plane is column `x + left` of the padded row.
            let (first, second) = if left % 2 == 0 { (even, odd) } else { (odd, even) };
            let second = &mut second[left % 2..];
            for (target, pair) in first[left / 2..].iter_mut().zip(source.chunks(2)) {
                *target = pair[0];
            }
            for (target, pair) in second[left / 2..].iter_mut().zip(source.chunks_exact(2)) {
                *target = pair[1];
            }
        }
    }
}

#[cfg(test)]
mod tests;
