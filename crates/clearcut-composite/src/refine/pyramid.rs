//! The picture at ever smaller sizes, down to the size of the matte.

use std::borrow::Cow;

use clearcut_image::Picture;

use crate::resample::{Channels, Filter, halved, resample};

/// One size of the picture.
#[derive(Debug)]
pub(super) struct Guide<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Four bytes a pixel; the fourth is of no account.
    pub(super) rgba: Cow<'a, [u8]>,
    /// Width and height of one pixel, in pixels of the next smaller size.
    pub(super) step_x: f64,
    pub(super) step_y: f64,
}

/// All sizes of the picture that a matte climbs through.
#[derive(Debug)]
pub(super) struct Sizes<'a> {
    /// The matte's own size: the picture as the network saw it.
    pub(super) coarse: Guide<'a>,
    /// Halves of halves of the picture, from small to large: none, if the matte is more than half as large.
    pub(super) halves: Vec<Guide<'a>>,
    /// The picture itself.
    pub(super) full: Guide<'a>,
}

/// The sizes of `picture` from that of its matte, which is not larger in any direction, to its own.
pub(super) fn sizes(picture: &Picture, matte_width_px: u32, matte_height_px: u32) -> Sizes<'_> {
    let (matte_width, matte_height) = (matte_width_px as usize, matte_height_px as usize);
    let (width, height) = (picture.width_px() as usize, picture.height_px() as usize);
    let mut full = Guide { width, height, rgba: Cow::Borrowed(picture.rgba()), step_x: 0.5, step_y: 0.5 };
    let mut halves: Vec<Guide<'_>> = Vec::new();
    let smallest = loop {
        let smallest = halves.last_mut().unwrap_or(&mut full);
        let (width, height) = (smallest.width / 2, smallest.height / 2);
        if width < matte_width || height < matte_height {
            break smallest;
        }
        let rgba = Cow::Owned(halved(&smallest.rgba, smallest.width, smallest.height));
        halves.push(Guide { width, height, rgba, step_x: 0.5, step_y: 0.5 });
    };
    smallest.step_x = matte_width as f64 / smallest.width as f64;
    smallest.step_y = matte_height as f64 / smallest.height as f64;
    let from = (smallest.width as u32, smallest.height as u32);
    let rgba = resample(&smallest.rgba, from, (matte_width_px, matte_height_px), Channels::Four, Filter::Smooth);
    let rgba = Cow::Owned(rgba);
    let coarse = Guide { width: matte_width, height: matte_height, rgba, step_x: 1.0, step_y: 1.0 };
    halves.reverse();
    Sizes { coarse, halves, full }
}
