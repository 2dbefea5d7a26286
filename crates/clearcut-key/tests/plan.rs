//! What may be written into a plan, and what is answered when it is wrong.

use clearcut_key::{
    Plan,
    plan::{Background, Color, Length, Margins},
};

fn set(name: &str, value: &str) -> Result<Plan, String> {
    let mut plan = Plan::default();
    plan.set(name, value).map_err(|error| error.to_string())?;
    Ok(plan)
}

#[test]
fn wrong_values_are_named_with_what_was_expected() {
    for (name, value, sentence) in [
        ("border", "501", "`border`: expected a whole number from 0 to 500 (pixels), not `501`"),
        ("border", "", "`border`: expected a whole number from 0 to 500 (pixels), not ``"),
        ("quality", "101", "`quality`: expected a whole number from 1 to 100 (1 smallest, 100 best), not `101`"),
        ("format", "gif", "`format`: expected one of auto, png, jpeg, webp, avif, not `gif`"),
        ("crop", "perhaps", "`crop`: expected true or false, not `perhaps`"),
        ("bordr", "1", "unknown field `bordr`"),
        (
            "border_color",
            "rainbow",
            "`border_color`: `rainbow` is no color; write a CSS name such as white, or 3, 4, 6 or 8 hexadecimal digits, \
             not `rainbow`",
        ),
    ] {
        assert_eq!(set(name, value).unwrap_err(), sentence);
    }
}

#[test]
fn lengths_are_understood_in_pixels_and_percent_and_refused_beyond() {
    for (text, length) in [
        ("12", Some(Length::Px(12))),
        ("12px", Some(Length::Px(12))),
        ("7.5%", Some(Length::BasisPoints(750))),
        ("100%", Some(Length::BasisPoints(10_000))),
        ("100.1%", None),
        ("-1", None),
        ("NaN%", None),
        ("65536", None),
        ("", None),
        ("%", None),
    ] {
        assert_eq!(text.parse().ok(), length, "{text}");
    }
    assert_eq!(Length::BasisPoints(3_333).on_side(100), 33);
    assert!("1 2 3".parse::<Margins>().is_err(), "three lengths are no margins");
}

#[test]
fn colors_are_understood_as_css_writes_them() {
    for (text, rgba) in [
        ("white", [255, 255, 255, 255]),
        ("#0f0", [0, 255, 0, 255]),
        ("0f08", [0, 255, 0, 136]),
        ("1e90ff", [30, 144, 255, 255]),
        ("1e90ff80", [30, 144, 255, 128]),
        ("RebeccaPurple", [102, 51, 153, 255]),
    ] {
        assert_eq!(text.parse(), Ok(Color(rgba)), "{text}");
    }
}

#[test]
fn switches_and_their_details_work_together() {
    assert!(set("shadow_opacity", "10").unwrap().shadow.is_some(), "a detail switches the shadow on");
    assert!(set("crop_margin", "5%").unwrap().crop.is_some(), "a margin switches cropping on");
    assert!(set("shadow", "false").unwrap().shadow.is_none());
    assert!(matches!(set("background", "blur").unwrap().background, Background::Blur(_)));
}

#[test]
fn dashes_and_underscores_are_one() {
    assert_eq!(set("border-color", "red"), set("border_color", "red"));
}

#[test]
fn fields_that_exclude_each_other_are_told() {
    for settings in [
        &[("channels", "alpha"), ("background", "red")][..],
        &[("channels", "alpha"), ("border", "3")],
        &[("channels", "alpha"), ("shadow", "true")],
        &[("background", "blur"), ("crop", "true")],
        &[("format", "png"), ("quality", "80")],
    ] {
        let mut plan = Plan::default();
        for (name, value) in settings {
            plan.set(name, value).unwrap();
        }
        let sentence = plan.check().unwrap_err().to_string();
        assert!(sentence.contains("exclude each other"), "{settings:?}: {sentence}");
    }
    assert_eq!(Plan::default().check(), Ok(()));
}

#[test]
fn json_refuses_unknown_fields_and_values_out_of_range() {
    for json in [r#"{"bordr": {}}"#, r#"{"feather": 201}"#, r#"{"format": "gif"}"#, r#"{"crop": "1 2 3"}"#] {
        assert!(serde_json::from_str::<Plan>(json).is_err(), "{json}");
    }
    let plan: Plan = serde_json::from_str(
        r##"{"border": {"width": 8, "color": "#fff"}, "background": {"color": "navy"}, "crop": "5%"}"##,
    )
    .unwrap();
    assert_eq!(plan.background, Background::Color(Color([0, 0, 128, 255])));
}
