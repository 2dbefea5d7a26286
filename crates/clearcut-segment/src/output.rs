//! From a network's output to a matte.

use clearcut_image::Matte;

use crate::SegmentError;
use crate::input::InputTensor;
use crate::resample;
use crate::spec::{Activation, ModelSpec};

/// Outputs that differ by less than this are one value: stretching them would make a subject out of rounding errors.
const FLAT: f32 = 1e-5;

impl ModelSpec {
    /// The matte in the output that [`OutputSpec::index`](crate::OutputSpec::index) names, of shape
    /// `[1 x] channels x height x width` or `height x width`, cut to the part that shows the picture.
    ///
    /// Fails where the shape is another or where a value is not a finite number.
    pub fn matte(&self, shape: &[usize], values: &[f32], input: &InputTensor) -> Result<Matte, SegmentError> {
        let (channels, width, height) =
            plane_shape(shape, values.len()).map_err(|reason| SegmentError::run(&self.name, reason))?;
        if !values.iter().all(|value| value.is_finite()) {
            return Err(SegmentError::run(
                &self.name,
                "its output holds values that are not finite numbers; the weights do not fit this processing, or are damaged",
            ));
        }
        let output = &self.processing.output;
        let area = width * height;
        let plane = match output.activation {
            Activation::None => values[..area].to_vec(),
            Activation::Sigmoid => values[..area].iter().map(|&logit| sigmoid(logit)).collect(),
            Activation::SoftmaxForeground | Activation::ArgmaxForeground if channels < 2 => {
                return Err(SegmentError::run(&self.name, "its output has one class, where several were expected"));
            }
            Activation::SoftmaxForeground => {
                let share =
                    |logits: Vec<f32>| 1.0 - 1.0 / logits.iter().map(|logit| (logit - logits[0]).exp()).sum::<f32>();
                pixels(values, area).map(share).collect()
            }
            Activation::ArgmaxForeground => {
                let decision = |logits: Vec<f32>| f32::from(u8::from(logits.iter().any(|logit| *logit > logits[0])));
                pixels(values, area).map(decision).collect()
            }
        };
        let (least, greatest) = plane
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(least, greatest), &v| (least.min(v), greatest.max(v)));
        let (offset, factor) =
            if output.stretch && greatest - least > FLAT { (least, 255.0 / (greatest - least)) } else { (0.0, 255.0) };
        // A float becomes an integer by saturation, which is the clamp to [0, 1].
        let alpha: Vec<u8> = plane.iter().map(|&value| ((value - offset) * factor).round() as u8).collect();
        Ok(cut_to_content(alpha, width, height, input))
    }

    /// The matte at the picture's size, resampled as the model's authors do. [`Segmenter`](crate::Segmenter) leaves
    /// mattes at the model's size, since a guided refinement follows the edges better than any filter.
    pub fn restore(&self, matte: &Matte, width_px: u32, height_px: u32) -> Matte {
        resample::matte(matte, width_px, height_px, self.processing.output.restore)
    }
}

/// Channels, width and height of an output.
fn plane_shape(shape: &[usize], values: usize) -> Result<(usize, usize, usize), String> {
    let (channels, height, width) = match *shape {
        [1, channels, height, width] | [channels, height, width] => (channels, height, width),
        [height, width] => (1, height, width),
        _ => return Err(format!("its output has the shape {shape:?}, which is no matte of one picture")),
    };
    // A matte that no picture can have would only exhaust memory further on.
    let sides = 1..=usize::from(u16::MAX);
    if channels == 0
        || !sides.contains(&height)
        || !sides.contains(&width)
        || channels.checked_mul(height * width) != Some(values)
    {
        return Err(format!("its output has the shape {shape:?} and {values} values"));
    }
    Ok((channels, width, height))
}

/// The values of all channels, pixel by pixel.
fn pixels(values: &[f32], area: usize) -> impl Iterator<Item = Vec<f32>> {
    (0..area).map(move |at| values[at..].iter().step_by(area).copied().collect())
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// The part of an output that shows the picture; the output may be smaller or larger than the input.
fn cut_to_content(alpha: Vec<u8>, width: usize, height: usize, input: &InputTensor) -> Matte {
    let span = |start_px: u32, length_px: u32, input_px: u32, output: usize| {
        let [start, end] = [start_px, start_px + length_px]
            .map(|at| (at as usize * output + input_px as usize / 2) / input_px as usize);
        let start = start.min(output - 1);
        start..end.clamp(start + 1, output)
    };
    let content = input.content;
    let columns = span(content.left_px, content.width_px, input.width_px, width);
    let rows = span(content.top_px, content.height_px, input.height_px, height);
    if (columns.len(), rows.len()) == (width, height) {
        return Matte::from_alpha(width as u32, height as u32, alpha);
    }
    let size = (columns.len() as u32, rows.len() as u32);
    let cut = rows.flat_map(|row| &alpha[row * width..][columns.clone()]).copied().collect();
    Matte::from_alpha(size.0, size.1, cut)
}

#[cfg(test)]
mod tests;
