use super::*;
use crate::spec::{Activation, Divisor, InputSize, ResizeFilter};

const TINY: &str = r#"
[families.square]
about = "a family"
input = { size = { square = { side_px = 32 } }, filter = "bilinear", mean = [0, 0, 0], std = [1, 1, 1] }
output = { restore = "bilinear" }
"#;

fn with_model(lines: &str) -> Result<Catalogue, CatalogueError> {
    Catalogue::parse(&format!("{TINY}\n[[models]]\n{lines}"))
}

fn fault_of(lines: &str) -> String {
    with_model(lines).expect_err("the catalogue is faulty").to_string()
}

const GOOD: &str = "name = 'a'\nfamily = 'square'\nfile = 'a.onnx'\nlicense = 'MIT'\ncommercial_use = true\n";

#[test]
fn builtin_catalogue_parses_and_pins_every_download() {
    let catalogue = Catalogue::builtin();
    assert!(catalogue.models().len() > 15);
    for spec in catalogue.models() {
        assert!(spec.bytes.is_some() && spec.sha256.is_some(), "{} is not pinned", spec.name);
        assert_eq!(spec.source.is_none(), spec.name == "clearcut-s", "{} has no source", spec.name);
        assert!(spec.source.iter().all(|source| source.starts_with("https://")), "{}", spec.name);
        assert!(!spec.notes.is_empty(), "{} has no notes", spec.name);
    }
    let families: Vec<_> = catalogue.families().map(|(name, _)| name).collect();
    for family in ["birefnet", "clearcut", "inspyrenet", "isnet", "modnet", "u2net"] {
        assert!(families.contains(&family), "{family}");
    }
}

#[test]
fn models_take_over_their_family_and_state_what_differs() {
    let catalogue = Catalogue::builtin();
    let bria = catalogue.model("bria-rmbg").expect("listed");
    assert!(!bria.commercial_use);
    assert_eq!(bria.processing.output.activation, Activation::None);
    assert_eq!(bria.processing.input, catalogue.model("birefnet-general").expect("listed").processing.input);

    let anime = catalogue.model("isnet-anime").expect("listed");
    assert_eq!(anime.processing.input.size, InputSize::Letterbox { side_px: 1024 });
    assert_eq!(anime.as_rembg().processing.input.size, InputSize::Square { side_px: 1024 });
}

#[test]
fn rembg_divides_by_the_maximum_and_stretches() {
    let authors = Catalogue::builtin().model("birefnet-general").expect("listed");
    let rembg = authors.as_rembg();
    assert_eq!((authors.processing.input.divide_by, authors.processing.output.stretch), (Divisor::Full, false));
    assert_eq!((rembg.processing.input.divide_by, rembg.processing.output.stretch), (Divisor::Maximum, true));
    assert_eq!(rembg.processing.input.filter, ResizeFilter::Lanczos);
    assert_eq!(rembg.processing.output.activation, Activation::Sigmoid);
    assert_eq!(rembg.as_rembg(), rembg);
}

#[test]
fn names_are_found_as_rembg_writes_them() {
    let catalogue = Catalogue::builtin();
    assert_eq!(catalogue.model("u2net_human_seg"), catalogue.model("u2net-human-seg"));
    assert!(catalogue.model("u2net_human_seg").is_some());
    assert_eq!(catalogue.model("nobody"), None);
}

#[test]
fn a_family_describes_weights_of_ones_own() {
    let own = Catalogue::builtin().family("isnet", "my-isnet").expect("a family");
    assert_eq!((own.name.as_str(), own.family.as_str()), ("my-isnet", "isnet"));
    assert!(own.sha256.is_none() && own.source.is_none() && !own.commercial_use);
    assert_eq!(Catalogue::builtin().family("nobody", "x"), None);
}

#[test]
fn a_description_survives_json() {
    for spec in Catalogue::builtin().models() {
        let text = serde_json::to_string(spec).expect("serializable");
        assert_eq!(&serde_json::from_str::<ModelSpec>(&text).expect("readable"), spec);
    }
}

#[test]
fn faults_name_the_model_and_the_reason() {
    with_model(GOOD).expect("a good model");
    let cases = [
        (GOOD.replace("'square'", "'round'"), "model a: there is no family round"),
        (GOOD.replace("'a.onnx'", "'../a.onnx'"), "not a plain file name"),
        (format!("{GOOD}color = 3"), "model a: unknown field `color`"),
        (format!("{GOOD}sha256 = 'abc'"), "64 hexadecimal digits"),
        (format!("{GOOD}input = {{ std = [1, 0, 1] }}"), "std not zero"),
        (format!("{GOOD}input = {{ mean = [nan, 0, 1] }}"), "must be finite"),
        (format!("{GOOD}input = {{ size = {{ square = {{ side_px = 0 }} }} }}"), "side of 0 px"),
        (format!("{GOOD}input = {{ size = {{ square = {{ side_px = 100000 }} }} }}"), "side of 100000 px"),
        (
            format!("{GOOD}input = {{ size = {{ short_side = {{ side_px = 64, multiple_px = 0 }} }} }}"),
            "multiples of 0 px",
        ),
        (format!("{GOOD}input = {{ filter = 'nearest' }}"), "unknown variant `nearest`"),
        (GOOD.replace("license = 'MIT'\n", ""), "missing field `license`"),
        (format!("{GOOD}[[models]]\n{GOOD}"), "listed twice"),
        ("family = 3".to_owned(), "no family"),
        ("= 3".to_owned(), "not usable"),
    ];
    for (lines, reason) in cases {
        let fault = fault_of(&lines);
        assert!(fault.contains(reason), "{lines}\n-> {fault}");
    }
    let unknown_key = Catalogue::parse(&TINY.replace("about", "abuot")).expect_err("a typo");
    assert!(unknown_key.to_string().contains("unknown key abuot"), "{unknown_key}");
}
