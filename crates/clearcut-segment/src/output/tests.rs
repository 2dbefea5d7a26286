use clearcut_image::Picture;

use super::*;
use crate::Catalogue;
use crate::spec::InputSize;

/// A description with these rules for the output, and the input of a square picture.
fn spec(activation: Activation, stretch: bool) -> (ModelSpec, InputTensor) {
    let mut spec = Catalogue::builtin().family("ben", "test").expect("a family");
    spec.processing.input.size = InputSize::Square { side_px: 2 };
    spec.processing.output.activation = activation;
    spec.processing.output.stretch = stretch;
    let input = spec.prepare(&Picture::filled(2, 2, [0; 4]));
    (spec, input)
}

fn alpha(rules: (Activation, bool), shape: &[usize], values: &[f32]) -> Result<Vec<u8>, String> {
    let (spec, input) = spec(rules.0, rules.1);
    spec.matte(shape, values, &input).map(Matte::into_alpha).map_err(|error| error.to_string())
}

#[test]
fn values_are_rounded_and_clamped() {
    let out = alpha((Activation::None, false), &[1, 1, 2, 2], &[-3.0, 0.5, 1.0, 7.0]);
    assert_eq!(out, Ok(vec![0, 128, 255, 255]));
}

#[test]
fn logits_become_shares_without_overflow() {
    let out = alpha((Activation::Sigmoid, false), &[1, 2, 2], &[-1e30, 0.0, 1e30, 2.0]);
    assert_eq!(out, Ok(vec![0, 128, 255, 225]));
}

#[test]
fn stretching_spans_the_range_but_leaves_a_flat_output_alone() {
    let rules = (Activation::None, true);
    assert_eq!(alpha(rules, &[2, 2], &[0.2, 0.3, 0.4, 0.2]), Ok(vec![0, 128, 255, 0]));
    assert_eq!(alpha(rules, &[2, 2], &[0.2; 4]), Ok(vec![51; 4]));
    assert_eq!(alpha(rules, &[2, 2], &[0.0, 1e-7, 0.0, 0.0]), Ok(vec![0; 4]));
}

#[test]
fn classes_are_summed_into_a_foreground() {
    let values = [9.0, 0.0, 0.0, -1e4, /* class 1 */ -9.0, 0.0, 1e4, 0.0, /* class 2 */ -9.0, -1e4, 0.0, 0.0];
    assert_eq!(alpha((Activation::SoftmaxForeground, false), &[1, 3, 2, 2], &values), Ok(vec![0, 128, 255, 255]));
    assert_eq!(alpha((Activation::ArgmaxForeground, false), &[1, 3, 2, 2], &values), Ok(vec![0, 0, 255, 255]));
}

#[test]
fn the_first_channel_is_the_matte_where_there_are_several() {
    assert_eq!(alpha((Activation::None, false), &[1, 2, 1, 1], &[1.0, 0.0]), Ok(vec![255]));
}

#[test]
fn unusable_outputs_are_errors_that_say_why() {
    let plain = (Activation::None, false);
    let cases = [
        (alpha(plain, &[2, 2], &[0.0, f32::NAN, 0.0, 0.0]), "not finite"),
        (alpha(plain, &[2, 2], &[0.0, f32::INFINITY, 0.0, 0.0]), "not finite"),
        (alpha(plain, &[2, 1, 2, 2], &[0.0; 8]), "no matte of one picture"),
        (alpha(plain, &[4], &[0.0; 4]), "no matte of one picture"),
        (alpha(plain, &[], &[0.0]), "no matte of one picture"),
        (alpha(plain, &[0, 2], &[]), "[0, 2] and 0 values"),
        (alpha(plain, &[1, 0, 2, 2], &[]), "and 0 values"),
        (alpha(plain, &[2, 2], &[0.0; 3]), "3 values"),
        (alpha(plain, &[1, 100_000], &vec![0.0; 100_000]), "100000 values"),
        (alpha((Activation::SoftmaxForeground, false), &[2, 2], &[0.0; 4]), "one class"),
    ];
    for (outcome, reason) in cases {
        let message = outcome.expect_err(reason);
        assert!(message.contains(reason) && message.starts_with("the model test failed"), "{message}");
    }
}

#[test]
fn padding_is_cut_off_at_any_output_size() {
    let mut spec = spec(Activation::None, false).0;
    spec.processing.input.size = InputSize::Letterbox { side_px: 8 };
    let input = spec.prepare(&Picture::filled(100, 50, [0; 4]));
    for side in [8, 4, 16] {
        let rows: Vec<f32> = (0..side).flat_map(|row| vec![row as f32 / 255.0; side]).collect();
        let matte = spec.matte(&[side, side], &rows, &input).expect("a matte");
        assert_eq!((matte.width_px() as usize, matte.height_px() as usize), (side, side / 2));
        assert_eq!(usize::from(matte.alpha()[0]), side / 4, "side {side}");
    }
    let sliver = spec.prepare(&Picture::filled(1000, 1, [0; 4]));
    let matte = spec.matte(&[2, 2], &[0.0; 4], &sliver).expect("a matte");
    assert_eq!((matte.width_px(), matte.height_px()), (2, 1));
}

#[test]
fn restoring_brings_a_matte_to_the_picture_size() {
    let (spec, _) = spec(Activation::None, false);
    let restored = spec.restore(&Matte::filled(3, 3, 77), 50, 20);
    assert_eq!(restored, Matte::filled(50, 20, 77));
}
