//! The reference page is the table's.

use std::{fs, path::Path};

use clearcut_server::settings::reference;

#[test]
fn the_committed_reference_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == reference(),
        "docs/configuration.md is out of date; make it anew with\n\
         cargo run --bin clearcut-server -- config reference > docs/configuration.md"
    );
}
