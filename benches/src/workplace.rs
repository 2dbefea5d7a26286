//! The folder of a run: drawn pictures, the model where rembg looks for it, and what the programs write.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clearcut_testkit::scene;

/// The embedded model, for the peers that read it from a file.
const MODEL: &str = "clearcut-s.onnx";

/// A folder below the target folder, kept between runs since drawing a picture of 50 megapixels takes a while.
#[derive(Debug)]
pub struct Workplace {
    folder: PathBuf,
}

impl Workplace {
    /// Beside this program, which lies in `target/release`.
    pub fn open() -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let target = program.ancestors().nth(2).context("this program does not lie in a target folder")?;
        let folder = target.join("bench");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Lets rembg take the model from here: it refuses one that lies outside its own folder, or that it does not know.
    pub fn lend_model(&self, command: &mut Command) {
        command.env("U2NET_HOME", &self.folder).env("MODEL_CHECKSUM_DISABLED", "1");
    }

    /// The file of the model that is embedded in Clearcut.
    pub fn model(&self) -> Result<PathBuf> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(MODEL);
        let bytes = fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?;
        self.written(MODEL, &bytes)
    }

    /// An empty folder in the folder.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.path(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    /// A copy of any model where rembg may read it.
    pub fn lent(&self, model: &Path) -> Result<PathBuf> {
        let bytes = fs::read(model).with_context(|| format!("cannot read {}", model.display()))?;
        self.written("lent.onnx", &bytes)
    }

    /// A drawn product photo of the given size, as a JPEG of quality 90.
    pub fn photo(&self, width_px: u32, height_px: u32) -> Result<PathBuf> {
        let name = format!("product-{width_px}x{height_px}.jpg");
        let path = self.path(&name);
        if path.exists() {
            return Ok(path);
        }
        eprintln!("drawing {name}");
        self.written(&name, &scene::product_photo(width_px, height_px, 1).jpeg(90))
    }

    /// A folder with so many different photos of one size, and no others: whoever asks counts on all of them.
    pub fn photos(&self, width_px: u32, height_px: u32, count: u64) -> Result<PathBuf> {
        let name = format!("products-{width_px}x{height_px}-{count}");
        let folder = self.path(&name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for seed in 0..count {
            let photo = format!("{name}/{seed:03}.jpg");
            if !self.path(&photo).exists() {
                self.written(&photo, &scene::product_photo(width_px, height_px, seed + 100).jpeg(90))?;
            }
        }
        Ok(folder)
    }

    /// Writes under another name first, so that a run that is stopped leaves no half file to the next one.
    fn written(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let (path, unfinished) = (self.path(name), self.path(&format!("{name}.tmp")));
        fs::write(&unfinished, bytes)
            .and_then(|()| fs::rename(&unfinished, &path))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}
