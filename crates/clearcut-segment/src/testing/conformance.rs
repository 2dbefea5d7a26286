//! What every [`Segmenter`] must do, one function per behavior.
//!
//! Run all of them as named tests with [`segmenter_conformance_tests!`](crate::segmenter_conformance_tests). Each
//! panics with the reason where a segmenter does not behave.

#![expect(clippy::missing_panics_doc, reason = "to panic is how all of these report")]

use clearcut_image::{Matte, Picture};

use crate::Segmenter;

/// Makes one test of every behavior for the segmenter that an expression makes.
///
/// ```
/// # mod docs {
/// clearcut_segment::segmenter_conformance_tests!(clearcut_segment::testing::CountingSegmenter::disc());
/// # }
/// ```
#[macro_export]
macro_rules! segmenter_conformance_tests {
    ($segmenter:expr) => {
        $crate::segmenter_conformance_tests!(
            $segmenter;
            identity_is_named_and_constant,
            equal_pictures_have_equal_mattes,
            threads_share_one_segmenter,
            a_lone_picture_has_the_same_matte,
            every_shape_has_a_matte,
            alpha_of_the_picture_is_ignored,
        );
    };
    ($segmenter:expr; $($behavior:ident,)+) => {
        $(
            #[test]
            fn $behavior() {
                $crate::testing::conformance::$behavior(&$segmenter);
            }
        )+
    };
}

/// The model has a name, and is the same before and after a picture.
pub fn identity_is_named_and_constant(segmenter: &dyn Segmenter) {
    let before = segmenter.model().clone();
    assert!(!before.name.is_empty(), "the model has no name");
    segment(segmenter, &gradient(40, 30));
    assert_eq!(&before, segmenter.model(), "the model changed");
}

/// The matte depends on the picture alone, not on what came before.
pub fn equal_pictures_have_equal_mattes(segmenter: &dyn Segmenter) {
    let picture = gradient(50, 40);
    let first = segment(segmenter, &picture);
    segment(segmenter, &gradient(31, 17));
    assert!(first == segment(segmenter, &picture), "equal pictures gave different mattes");
}

/// Several threads at once get what one alone gets.
pub fn threads_share_one_segmenter(segmenter: &dyn Segmenter) {
    let pictures = [gradient(40, 30), gradient(30, 40), Picture::filled(20, 20, [200, 30, 90, 255])];
    let alone: Vec<Matte> = pictures.iter().map(|picture| segment(segmenter, picture)).collect();
    std::thread::scope(|scope| {
        for (picture, alone) in pictures.iter().zip(&alone) {
            scope.spawn(move || assert!(*alone == segment(segmenter, picture), "threads disturb one another"));
        }
    });
}

/// Whoever else may help, a picture has the matte that it has among others. Several may be taken for the only one.
pub fn a_lone_picture_has_the_same_matte(segmenter: &dyn Segmenter) {
    let pictures = [gradient(40, 30), gradient(300, 200), gradient(31, 57)];
    std::thread::scope(|scope| {
        for picture in &pictures {
            scope.spawn(move || {
                let lone = segmenter.segment_lone(picture).unwrap_or_else(|error| panic!("{picture:?}: {error}"));
                assert!(lone == segment(segmenter, picture), "{picture:?} has another matte when it is alone");
            });
        }
    });
}

/// Pictures of one pixel, of one row or column, and of extreme aspect have a matte.
pub fn every_shape_has_a_matte(segmenter: &dyn Segmenter) {
    for (width_px, height_px) in [(1, 1), (1, 57), (57, 1), (3, 5), (9000, 3), (2, 4000)] {
        let matte = segment(segmenter, &gradient(width_px, height_px));
        assert!(matte.width_px() > 0 && matte.height_px() > 0, "{width_px}x{height_px} has no matte");
    }
}

/// Two pictures that differ in alpha alone have one matte.
pub fn alpha_of_the_picture_is_ignored(segmenter: &dyn Segmenter) {
    let opaque = gradient(40, 30);
    let mut clear = opaque.clone();
    for (at, pixel) in clear.rgba_mut().chunks_exact_mut(4).enumerate() {
        pixel[3] = (at % 256) as u8;
    }
    assert!(segment(segmenter, &opaque) == segment(segmenter, &clear), "alpha changed the matte");
}

fn segment(segmenter: &dyn Segmenter, picture: &Picture) -> Matte {
    segmenter.segment(picture).unwrap_or_else(|error| panic!("{picture:?} has no matte: {error}"))
}

/// An opaque picture whose pixels all differ a little.
fn gradient(width_px: u32, height_px: u32) -> Picture {
    let rgba = (0..height_px)
        .flat_map(|y| (0..width_px).flat_map(move |x| [(x * 5) as u8, (y * 7) as u8, (x * y) as u8, 255]));
    Picture::from_rgba(width_px, height_px, rgba.collect())
}
