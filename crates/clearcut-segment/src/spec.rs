//! A model described by data: everything that is not in its ONNX file.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;

/// One model: where its weights come from, under which terms, and how a picture goes in and a matte comes out.
///
/// Taken from the [`Catalogue`](crate::Catalogue), either by the model's name or, for weights of one's own, by its
/// family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Name for people and for `--model`: lower case, unique in a catalogue.
    pub name: String,
    /// The family whose processing this model shares, `u2net` or `isnet` for instance.
    pub family: String,
    /// File name of the weights, without a folder.
    pub file: String,
    /// SPDX expression of the weights' license.
    pub license: String,
    /// Whether that license allows commercial use.
    pub commercial_use: bool,
    /// Size of the weights file in bytes.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// SHA-256 of the weights file. Without one a model is never downloaded.
    #[serde(default)]
    pub sha256: Option<Sha256Digest>,
    /// Where the weights can be downloaded.
    #[serde(default)]
    pub source: Option<String>,
    /// What a user should know: purpose, origin, doubts.
    #[serde(default)]
    pub notes: String,
    /// How the model's authors use it.
    pub processing: Processing,
    /// How rembg uses it, where it does.
    #[serde(default)]
    pub rembg: Option<Processing>,
}

impl ModelSpec {
    /// This model with rembg's processing in place of its authors': division by the picture's own maximum, Lanczos
    /// both ways, a stretched matte. `None` where rembg does not run such a model.
    pub fn as_rembg(&self) -> Option<Self> {
        Some(Self { processing: self.rembg.clone()?, ..self.clone() })
    }

    /// What is wrong with the description, if anything.
    pub fn fault(&self) -> Option<String> {
        if self.name.is_empty() {
            return Some("the name is empty".to_owned());
        }
        let plain = !self.file.is_empty() && !self.file.contains(['/', '\\']) && self.file != "." && self.file != "..";
        if !plain {
            return Some(format!("\"{}\" is not a plain file name", self.file));
        }
        [Some(&self.processing), self.rembg.as_ref()].into_iter().flatten().find_map(Processing::fault)
    }
}

/// How a picture becomes the network's input and its output a matte.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Processing {
    /// From the picture to the network.
    pub input: InputSpec,
    /// From the network to the matte.
    pub output: OutputSpec,
}

impl Processing {
    fn fault(&self) -> Option<String> {
        let InputSpec { size, mean, std, .. } = &self.input;
        let (side_px, multiple_px) = match *size {
            InputSize::Square { side_px } | InputSize::Letterbox { side_px } => (side_px, 1),
            InputSize::ShortSide { side_px, multiple_px } => (side_px, multiple_px),
        };
        if !(1..=InputSize::MAX_SIDE_PX).contains(&side_px) {
            return Some(format!("the input side of {side_px} px is not in 1 to {} px", InputSize::MAX_SIDE_PX));
        }
        if !(1..=side_px).contains(&multiple_px) {
            return Some(format!("sides in multiples of {multiple_px} px do not fit a side of {side_px} px"));
        }
        if !mean.iter().chain(std).all(|v| v.is_finite()) || std.contains(&0.0) {
            return Some("mean and std must be finite, and std not zero".to_owned());
        }
        None
    }
}

/// From the picture to the network's input, a tensor of shape `1 x 3 x height x width`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// The size the picture is brought to.
    pub size: InputSize,
    /// How it is resampled.
    pub filter: ResizeFilter,
    /// Which channel comes first.
    #[serde(default)]
    pub channels: ChannelOrder,
    /// What the 8-bit values are divided by, before mean and std.
    #[serde(default)]
    pub divide_by: Divisor,
    /// Subtracted from each channel after the division, in RGB order whatever `channels` says.
    pub mean: [f32; 3],
    /// Each channel is then divided by it, in RGB order.
    pub std: [f32; 3],
}

/// The size of a network's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum InputSize {
    /// Stretched to a square; the aspect is not kept.
    Square {
        /// Side of the square.
        side_px: u32,
    },
    /// Scaled to fit a square with its aspect kept, centered, the rest filled with black. The matte covers the
    /// picture alone.
    Letterbox {
        /// Side of the square.
        side_px: u32,
    },
    /// The short side is scaled to `side_px` and both sides are cut down to a multiple, so the size depends on the
    /// picture. A picture with one side below and one above `side_px` keeps its scale; the long side never exceeds
    /// four times `side_px`.
    ShortSide {
        /// The short side.
        side_px: u32,
        /// Both sides are multiples of it.
        multiple_px: u32,
    },
}

impl InputSize {
    /// The largest side a description may ask for.
    pub const MAX_SIDE_PX: u32 = 8192;
}

/// How a picture or a matte is resampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeFilter {
    /// Bilinear; when shrinking, the kernel widens over every source pixel (Pillow, torchvision).
    Bilinear,
    /// Bilinear between the four nearest pixels even when shrinking (`torch.nn.functional.interpolate`).
    BilinearFourTap,
    /// Lanczos with three lobes, widened when shrinking (Pillow).
    Lanczos,
    /// The mean over the exact area a pixel covers (`INTER_AREA` of `OpenCV`).
    Area,
}

/// The order of the input's three planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelOrder {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// What 8-bit values are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Divisor {
    /// 255, the largest value there is.
    #[default]
    Full,
    /// The largest value in the resized picture, over all channels: a dark picture is brightened.
    Maximum,
    /// Nothing: mean and std are in 0 to 255.
    One,
}

/// From the network's outputs to a matte.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// Which of the network's outputs holds the matte.
    #[serde(default)]
    pub index: usize,
    /// What remains to be applied to it.
    #[serde(default)]
    pub activation: Activation,
    /// Whether the matte is stretched so that its least value becomes 0 and its greatest 1. A flat matte is left
    /// as it is.
    #[serde(default)]
    pub stretch: bool,
    /// How the authors bring the matte back to the picture's size; [`ModelSpec::restore`] does it.
    pub restore: ResizeFilter,
}

/// What turns an output into values from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing: it is in the graph.
    #[default]
    None,
    /// The output holds logits.
    Sigmoid,
    /// The output holds logits of several classes, the first of which is the background: the matte is the share of
    /// all others under softmax.
    SoftmaxForeground,
    /// The same logits decided hard: 1 where any class but the first is the greatest.
    ArgmaxForeground,
}
