//! Keys are stable, readable, and never shared by different plans.

use clearcut_key::{
    CompositeKey, ContentDigest, ContentHasher, ModelDigest, PixelDigest, Plan, Revisions, matte_key,
    plan::{Edges, FIELDS},
    rendition_key,
};
use proptest::{prelude::*, sample::select};

const REVISIONS: Revisions = Revisions { decode: 1, composite: 1, encode: 1 };

fn model() -> ModelDigest {
    ModelDigest::of(&[7; 32], "processing")
}

fn key(plan: &Plan) -> String {
    rendition_key(&ContentDigest::of(b"upload"), plan, &model(), &REVISIONS)
}

/// Two different values of every field that can be set from text.
fn samples(name: &str) -> [&'static str; 2] {
    match name {
        "roi" => ["0 0 50% 50%", "1 0 50% 50%"],
        "edges" => ["refined", "smooth"],
        "shift" => ["-1", "1"],
        "threshold" => ["1", "128"],
        "colors" => ["estimated", "photo"],
        "channels" => ["rgba", "alpha"],
        "crop" | "shadow" => ["true", "false"],
        "crop_margin" => ["1px", "1%"],
        "scale" => ["original", "80%"],
        "position" => ["center", "50% 51%"],
        "border_color" | "shadow_color" => ["red", "#ff000080"],
        "border_style" => ["outline", "frame"],
        "shadow_offset" => ["1 2", "2 1"],
        "background" => ["blur:7", "blue"],
        "format" => ["webp", "jpeg"],
        "effort" => ["fast", "best"],
        // Numbers.
        _ => ["11", "12"],
    }
}

#[test]
fn golden_vectors_hold_every_kind_of_key_still() {
    let mut full = Plan::default();
    for field in FIELDS {
        full.set(field.name, samples(field.name)[1]).unwrap();
    }
    full.set("shadow_opacity", "30").unwrap();
    assert_eq!(
        ContentDigest::of(b"upload").to_string(),
        "f03898d95b6f3b4f4f6cdfd5d5d1024081fb454549574c01c2f841bccc63a877"
    );
    assert_eq!(
        key(&Plan::default()),
        "remove_bg:f03898d95b6f3b4f4f6cdfd5d5d1024081fb454549574c01c2f841bccc63a877:0:ffffff:682a9bef2f24b2ce7dcddabfabaaa8ff053d52bb7bdd3fee2fe072c4ed1a7521"
    );
    assert_eq!(
        key(&full),
        "remove_bg:f03898d95b6f3b4f4f6cdfd5d5d1024081fb454549574c01c2f841bccc63a877:12:ff000080:81c35062aec0e066d560e6f39864eda4c9799a9a85ae581e3f19b07f63adcad6"
    );
    assert_eq!(
        matte_key(&PixelDigest::of(1, 2, &[1, 2, 3, 4, 5, 6, 7, 8]), &model()),
        "matte:10b8bcff989291b29f2fb0973c50bba01e33f997d1780d12ee1e6a0d2b1a29dc:e6c7ca7d22a40ff8261d73549c3253807752be5695592529dedc4168937c41d2"
    );
    let composite = CompositeKey::new("analysis").part("image", ContentDigest::of(b"a")).parameter("opacity", 0.5);
    assert_eq!(composite.finish(), "analysis:d9674dae04280111cb386e1fcd94184cbea913ba9c7de04b8b98633a2b3aadcc");
}

#[test]
fn every_choice_of_edges_has_its_own_key() {
    let mut keys: Vec<String> = Edges::NAMES
        .iter()
        .map(|name| {
            let mut plan = Plan::default();
            plan.set("edges", name).unwrap();
            key(&plan)
        })
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3, "a choice that is added moves none of the other keys, and shares none of them");
}

#[test]
fn every_field_changes_the_key() {
    for field in FIELDS {
        let [one, other] = samples(field.name).map(|value| {
            let mut plan = Plan::default();
            plan.set(field.name, value).unwrap();
            plan
        });
        assert_ne!(one, other, "{} has two different samples", field.name);
        assert_ne!(key(&one), key(&other), "{} is in the key", field.name);
    }
}

#[test]
fn another_background_image_is_another_key() {
    let [one, other] = [b"one", b"two"].map(|bytes| {
        let mut plan = Plan::default();
        plan.set_background_image(&bytes[..]);
        key(&plan)
    });
    assert_ne!(one, other);
}

#[test]
fn another_upload_model_or_revision_is_another_key() {
    let plan = Plan::default();
    let upload = ContentDigest::of(b"upload");
    let mut keys = vec![
        rendition_key(&upload, &plan, &model(), &REVISIONS),
        rendition_key(&ContentDigest::of(b"other"), &plan, &model(), &REVISIONS),
        rendition_key(&upload, &plan, &ModelDigest::of(&[8; 32], "processing"), &REVISIONS),
        rendition_key(&upload, &plan, &ModelDigest::of(&[7; 32], "other"), &REVISIONS),
        rendition_key(&upload, &plan, &model(), &Revisions { decode: 2, ..REVISIONS }),
        rendition_key(&upload, &plan, &model(), &Revisions { composite: 2, ..REVISIONS }),
        rendition_key(&upload, &plan, &model(), &Revisions { encode: 2, ..REVISIONS }),
    ];
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 7);
}

#[test]
fn pixels_of_another_shape_are_another_picture() {
    let pixels = [0; 8];
    assert_ne!(PixelDigest::of(1, 2, &pixels), PixelDigest::of(2, 1, &pixels));
}

#[test]
fn a_streamed_upload_has_the_digest_of_the_whole() {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let mut hasher = ContentHasher::default();
    for piece in bytes.chunks(700_001) {
        hasher.update(piece);
    }
    assert_eq!(hasher.finish(), ContentDigest::of(&bytes));
    assert_eq!(hasher.finish().to_string(), blake3::hash(&bytes).to_hex().as_str());
}

#[test]
fn composite_keys_ignore_the_order_of_calls_and_nothing_else() {
    let (a, b) = (ContentDigest::of(b"a"), ContentDigest::of(b"b"));
    let new = || CompositeKey::new("analysis");
    let key = new().part("image", a).part("landmarks", b).parameter("x", 1).finish();
    assert_eq!(key, new().parameter("x", 1).part("landmarks", b).part("image", a).finish());
    for other in [
        new().part("image", b).part("landmarks", a).parameter("x", 1),
        new().part("image", a).part("landmarks", b).parameter("x", 2),
        new().part("image", a).part("landmarks", b),
        new().part("image", a).part("landmarks", b).parameter("y", 1),
        CompositeKey::new("text").part("image", a).part("landmarks", b).parameter("x", 1),
    ] {
        assert_ne!(key, other.finish());
    }
}

#[test]
fn namespaces_cannot_smuggle_separators_into_keys() {
    assert!(CompositeKey::new("a:b *\n").finish().starts_with("a-b---:"));
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let setting = select(FIELDS).prop_flat_map(|field| (Just(field.name), select(samples(field.name).to_vec())));
    prop::collection::vec(setting, 0..8).prop_map(|settings| {
        let mut plan = Plan::default();
        for (name, value) in settings {
            plan.set(name, value).expect("samples are valid");
        }
        plan
    })
}

proptest! {
    #[test]
    fn two_plans_share_a_key_only_if_they_are_equal(one in any_plan(), other in any_plan()) {
        prop_assert_eq!(one == other, key(&one) == key(&other));
    }

    #[test]
    fn a_plan_survives_json_with_its_key(plan in any_plan()) {
        let json = serde_json::to_string(&plan).unwrap();
        let back: Plan = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(key(&back), key(&plan));
    }

    #[test]
    fn no_text_makes_a_field_panic(name in select(FIELDS), value in ".{0,40}") {
        let _ = Plan::default().set(name.name, &value);
    }
}
