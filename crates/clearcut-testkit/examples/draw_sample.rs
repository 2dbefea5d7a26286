//! Draws the picture of the README: `cargo run -p clearcut-testkit --example draw_sample -- examples/`.

use std::path::PathBuf;

use anyhow::Context;
use clearcut_testkit::scene::sample;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).context("usage: draw_sample FOLDER")?;
    let scene = sample();
    for (name, file) in [("sample.jpg", scene.jpeg(92)), ("sample-matte.png", scene.matte_png())] {
        let path = folder.join(name);
        std::fs::write(&path, file).with_context(|| format!("writing {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}
