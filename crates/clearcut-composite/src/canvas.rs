//! The canvas around a subject: cut, crop, place, shrink.

use clearcut_image::{Matte, Picture};

use crate::rect::Rect;
use crate::resample::{Channels, Filter, resample};

/// Space around a subject in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Margins {
    /// Above.
    pub top_px: u32,
    /// To the right.
    pub right_px: u32,
    /// Below.
    pub bottom_px: u32,
    /// To the left.
    pub left_px: u32,
}

impl Margins {
    /// The same on all four sides.
    pub fn all(px: u32) -> Self {
        Self { top_px: px, right_px: px, bottom_px: px, left_px: px }
    }
}

/// A part of a picture as a picture of its own.
pub fn cut(picture: &Picture, rect: Rect) -> Picture {
    reframe(picture, (-i64::from(rect.left_px), -i64::from(rect.top_px)), rect.width_px, rect.height_px)
}

/// A matte of a part, back in its place: everything outside of `rect` is background.
pub fn put_back(matte: &Matte, rect: Rect, width_px: u32, height_px: u32) -> Matte {
    let mut whole = Matte::filled(width_px, height_px, 0);
    let (row, part) = (width_px as usize, matte.width_px() as usize);
    let below = whole.alpha_mut().chunks_exact_mut(row).skip(rect.top_px as usize);
    for (target, source) in below.zip(matte.alpha().chunks_exact(part)) {
        target[rect.left_px as usize..][..part].copy_from_slice(source);
    }
    whole
}

/// Cuts the canvas down to `subject` and margins, which may reach beyond the picture: there the canvas is clear.
/// Answers the picture and where the subject is in it.
pub fn crop(picture: &Picture, subject: Rect, margins: Margins) -> (Picture, Rect) {
    let Margins { top_px, right_px, bottom_px, left_px } = margins;
    let at = (i64::from(left_px) - i64::from(subject.left_px), i64::from(top_px) - i64::from(subject.top_px));
    let (width_px, height_px) = (subject.width_px + left_px + right_px, subject.height_px + top_px + bottom_px);
    let subject = Rect { left_px, top_px, ..subject };
    (reframe(picture, at, width_px, height_px), subject)
}

/// Puts margins around the whole picture.
pub fn pad(picture: &Picture, margins: Margins) -> Picture {
    crop(picture, Rect::whole(picture), margins).0
}

/// Lays `subject` on a clear canvas of the picture's size: as large as fits into `scale_percent` of both sides, or
/// as it is, at `position_percent` of the space that is left over (0 left or top, 50 centered, 100 right or bottom).
/// Answers the canvas and where the subject is on it.
pub fn place(
    picture: &Picture,
    subject: Rect,
    scale_percent: Option<u8>,
    position_percent: (u8, u8),
) -> (Picture, Rect) {
    let (width_px, height_px) = (picture.width_px(), picture.height_px());
    let cut_out = cut(picture, subject);
    let cut_out = match scale_percent {
        None => cut_out,
        Some(percent) => {
            let share = f64::from(percent) / 100.0;
            let factor = (f64::from(width_px) * share / f64::from(subject.width_px))
                .min(f64::from(height_px) * share / f64::from(subject.height_px));
            let side = |px: u32, limit: u32| ((f64::from(px) * factor).round() as u32).clamp(1, limit);
            resize(&cut_out, side(subject.width_px, width_px), side(subject.height_px, height_px))
        }
    };
    let offset =
        |canvas: u32, part: u32, percent: u8| (u64::from(canvas - part) * u64::from(percent.min(100)) / 100) as u32;
    let left_px = offset(width_px, cut_out.width_px(), position_percent.0);
    let top_px = offset(height_px, cut_out.height_px(), position_percent.1);
    let placed = Rect { left_px, top_px, width_px: cut_out.width_px(), height_px: cut_out.height_px() };
    (reframe(&cut_out, (i64::from(left_px), i64::from(top_px)), width_px, height_px), placed)
}

/// The largest size of the same aspect within all limits, never larger than the picture: what [`resize`] is to be
/// given for a shrink-only resize.
pub fn shrunk_size(
    (width_px, height_px): (u32, u32),
    max_width_px: Option<u32>,
    max_height_px: Option<u32>,
    max_pixels: Option<u64>,
) -> (u32, u32) {
    let (width, height) = (f64::from(width_px), f64::from(height_px));
    let mut factor = 1.0_f64;
    if let Some(limit) = max_width_px {
        factor = factor.min(f64::from(limit) / width);
    }
    if let Some(limit) = max_height_px {
        factor = factor.min(f64::from(limit) / height);
    }
    if let Some(limit) = max_pixels {
        factor = factor.min((limit as f64 / (width * height)).sqrt());
    }
    if factor >= 1.0 {
        return (width_px, height_px);
    }
    // Sides go down where an area is the limit, or rounding could exceed it.
    let side = |px: f64| if max_pixels.is_some() { (px * factor).floor() } else { (px * factor).round() };
    ((side(width) as u32).max(1), (side(height) as u32).max(1))
}

/// The picture at another size: Lanczos-filtered if it is opaque, else Mitchell-filtered with colors weighted by
/// alpha.
pub fn resize(picture: &Picture, width_px: u32, height_px: u32) -> Picture {
    let (from, to) = ((picture.width_px(), picture.height_px()), (width_px, height_px));
    if from == to {
        return picture.clone();
    }
    let (channels, filter) =
        if picture.is_opaque() { (Channels::Four, Filter::Sharp) } else { (Channels::ColorAndAlpha, Filter::Gentle) };
    Picture::from_rgba(width_px, height_px, resample(picture.rgba(), from, to, channels, filter))
}

/// `picture` laid at an offset on a clear canvas; what lies outside is lost.
fn reframe(picture: &Picture, (right, down): (i64, i64), width_px: u32, height_px: u32) -> Picture {
    let mut canvas = Picture::filled(width_px, height_px, [0; 4]);
    let span = |offset: i64, source: u32, target: u32| {
        let from = offset.clamp(0, i64::from(target));
        let to = (offset + i64::from(source)).clamp(from, i64::from(target));
        (from as usize, (from - offset) as usize, (to - from) as usize)
    };
    let (target_x, source_x, columns) = span(right, picture.width_px(), width_px);
    let (target_y, source_y, rows) = span(down, picture.height_px(), height_px);
    let (source_row, target_row) = (picture.width_px() as usize * 4, width_px as usize * 4);
    for y in 0..rows {
        let source = &picture.rgba()[(source_y + y) * source_row + source_x * 4..][..columns * 4];
        canvas.rgba_mut()[(target_y + y) * target_row + target_x * 4..][..columns * 4].copy_from_slice(source);
    }
    canvas
}
