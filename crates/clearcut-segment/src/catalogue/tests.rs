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
    assert_eq!(anime.as_rembg().expect("known").processing.input.size, InputSize::Square { side_px: 1024 });
}

#[test]
fn rembg_divides_by_the_maximum_and_stretches() {
    let authors = Catalogue::builtin().model("birefnet-general").expect("listed");
    let rembg = authors.as_rembg().expect("rembg runs it");
    assert_eq!((authors.processing.input.divide_by, authors.processing.output.stretch), (Divisor::Full, false));
    assert_eq!((rembg.processing.input.divide_by, rembg.processing.output.stretch), (Divisor::Maximum, true));
    assert_eq!(rembg.processing.input.filter, ResizeFilter::Lanczos);
    assert_eq!(rembg.processing.output.activation, Activation::Sigmoid);
    assert_eq!(rembg.as_rembg().as_ref(), Some(&rembg));
    let unknown = Catalogue::builtin().model("modnet-photographic").expect("listed");
    assert_eq!(unknown.as_rembg(), None, "rembg has no MODNet");
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

#[test]
fn known_models_that_are_not_listed_have_a_reason() {
    let catalogue = Catalogue::builtin();
    let left_out: Vec<&str> = catalogue.left_out().collect();
    assert!(left_out.contains(&"sam"));
    for name in left_out {
        assert_eq!(catalogue.model(name), None, "{name} is listed as well");
        let reason = catalogue.reason_left_out(name).expect("a reason");
        assert!(reason.len() > 20 && !reason.ends_with('.'), "{name}: {reason}");
    }
    assert_eq!(catalogue.reason_left_out("birefnet_matting"), catalogue.reason_left_out("birefnet-matting"));
    assert_eq!(catalogue.reason_left_out("u2net"), None);
}

#[test]
fn a_catalogue_of_ones_own_extends_the_builtin_one() {
    let own =
        "[[models]]\nname = 'mine'\nfamily = 'isnet'\nfile = 'mine.onnx'\nlicense = 'MIT'\ncommercial_use = true\n";
    let replaced = own.replace("'mine'", "'u2netp'").replace("isnet", "u2net");
    let catalogue = Catalogue::builtin_and(&format!("{own}\n{TINY}")).expect("usable");
    assert_eq!(catalogue.models().len(), Catalogue::builtin().models().len() + 1);
    let mine = catalogue.model("mine").expect("listed");
    assert_eq!(mine.processing, Catalogue::builtin().model("isnet-general-use").expect("listed").processing);
    assert!(catalogue.family("square", "own").is_some(), "families come along");

    let catalogue = Catalogue::builtin_and(&replaced).expect("usable");
    assert_eq!(catalogue.models().len(), Catalogue::builtin().models().len());
    assert_eq!(catalogue.model("u2netp").expect("listed").file, "mine.onnx");

    let error = Catalogue::builtin_and(&own.replace("mine.onnx", "u2net.onnx")).expect_err("a file of another model");
    assert!(error.to_string().contains("listed twice"), "{error}");
    assert!(Catalogue::builtin_and("[[models]]\nname = 3").is_err());
}

#[test]
fn published_files_are_listed_with_the_size_and_digest_they_have_there() {
    // As pinned lists of others have them: file, bytes, the first digits of the SHA-256.
    let published = [
        ("u2net.onnx", 175_997_641, "8d10d2f3bb75ae3b"),
        ("u2netp.onnx", 4_574_861, "309c8469258dda74"),
        ("u2net_human_seg.onnx", 175_997_641, "01eb6a29a5c4d8ed"),
        ("u2net_cloth_seg.onnx", 176_194_565, "6d2cbc27bfbdc989"),
        ("silueta.onnx", 44_173_029, "75da6c8d2f8096ec"),
        ("isnet-general-use.onnx", 178_648_008, "60920e99c45464f2"),
        ("isnet-anime.onnx", 176_069_933, "f15622d853e82601"),
        ("BiRefNet-general-epoch_244.onnx", 972_666_916, "58f621f00f5d7560"),
        ("BiRefNet-general-bb_swin_v1_tiny-epoch_232.onnx", 224_005_088, "5600024376f572a5"),
        ("BiRefNet-portrait-epoch_150.onnx", 972_666_916, "1ba1c8ff5a7bbfad"),
        ("BiRefNet-DIS-epoch_590.onnx", 972_666_916, "6470117bac6f8d82"),
        ("BiRefNet-HRSOD_DHU-epoch_115.onnx", 972_666_916, "4f5837663194fb88"),
        ("BiRefNet-COD-epoch_125.onnx", 972_666_916, "91ec48f566db475c"),
        ("BiRefNet-massive-TR_DIS5K_TR_TEs-epoch_420.onnx", 972_666_916, "a94814cac438a31f"),
        ("bria-rmbg-2.0.onnx", 1_024_331_469, "5b486f08200f513f"),
        ("isnet-imgly.onnx", 176_149_806, "cc2c9f5c1751b973"),
        ("isnet-imgly-fp16.onnx", 88_152_708, "2eb4b5dda7ec41c6"),
        ("isnet-imgly-quint8.onnx", 44_348_940, "d1ca3535c21b53d0"),
        ("modnet_photographic_portrait_matting.onnx", 25_888_640, "07c308cf0fc7e6e8"),
        ("inspyrenet.onnx", 395_316_574, "c108dd92b3ddfe3a"),
    ];
    for (file, bytes, digest) in published {
        let spec = Catalogue::builtin().models().iter().find(|spec| spec.file == file);
        let spec = spec.unwrap_or_else(|| panic!("{file} is not listed"));
        assert_eq!(spec.bytes, Some(bytes), "{file}");
        assert!(spec.sha256.is_some_and(|known| known.to_string().starts_with(digest)), "{file}");
    }
    let spec = Catalogue::builtin().model("ben2").expect("listed");
    assert!(spec.sha256.is_some_and(|known| known.to_string().starts_with("22cea62108ff53b7")));
}
