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

/// All sizes from the matte's to the picture's own. From the second on each is twice the one before; the first is
/// the picture as the network saw it.
pub(super) fn guides(picture: &Picture, matte_width_px: u32, matte_height_px: u32) -> Vec<Guide<'_>> {
    let (width, height) = (picture.width_px() as usize, picture.height_px() as usize);
    let (matte_width, matte_height) = (matte_width_px as usize, matte_height_px as usize);
    let mut sizes = vec![Guide { width, height, rgba: Cow::Borrowed(picture.rgba()), step_x: 0.5, step_y: 0.5 }];
    let mut smallest = 0;
    while sizes[smallest].width / 2 >= matte_width && sizes[smallest].height / 2 >= matte_height {
        let (width, height) = (sizes[smallest].width, sizes[smallest].height);
        let rgba = Cow::Owned(halved(&sizes[smallest].rgba, width, height));
        sizes.push(Guide { width: width / 2, height: height / 2, rgba, step_x: 0.5, step_y: 0.5 });
        smallest += 1;
    }
    let last = &mut sizes[smallest];
    last.step_x = matte_width as f64 / last.width as f64;
    last.step_y = matte_height as f64 / last.height as f64;
    let from = (last.width as u32, last.height as u32);
    let rgba = resample(&last.rgba, from, (matte_width_px, matte_height_px), Channels::Four, Filter::Smooth);
    sizes.push(Guide { width: matte_width, height: matte_height, rgba: Cow::Owned(rgba), step_x: 1.0, step_y: 1.0 });
    sizes.reverse();
    sizes
}
