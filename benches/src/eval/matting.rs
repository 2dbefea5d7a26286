//! From a photo to its mattes by the two ways that are measured.

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::{Context, Result};
use clearcut::plan::{Channels, Edges, Format};
use clearcut::{Engine, ErrorKind, Limits, Matte, Picture, Plan, Segmenter};
use clearcut_composite::refine::upsample_bilinear;
use clearcut_image::decode;
use clearcut_segment::TractSegmenter;

use super::remembering::Remembering;

/// A network, bare and inside of an engine.
#[derive(Debug)]
pub struct Matting {
    segmenter: Arc<Remembering<TractSegmenter>>,
    engine: Engine,
}

/// The mattes of one photo at its own size, one byte a pixel.
#[derive(Debug)]
pub struct Mattes {
    /// The network's output, enlarged by bilinear interpolation.
    pub network: Vec<u8>,
    /// The engine's; nothing where it finds no subject.
    pub engine: Option<Vec<u8>>,
}

impl Matting {
    pub fn new(segmenter: TractSegmenter) -> Result<Self> {
        let segmenter = Arc::new(Remembering::new(segmenter));
        let shared: Arc<dyn Segmenter> = Arc::clone(&segmenter) as _;
        let engine = Engine::builder().segmenter(shared).threads(NonZeroUsize::MIN).build()?;
        Ok(Self { segmenter, engine })
    }

    /// The network's name, weights and processing.
    pub fn identity(&self) -> &clearcut::ModelIdentity {
        self.segmenter.model()
    }

    /// The network's own answer, at its own size.
    pub fn coarse(&self, picture: &Picture) -> Result<Matte> {
        Ok(self.segmenter.segment(picture)?)
    }

    /// Both mattes of a photo, which is given decoded and as the file that it was decoded from.
    pub fn of_picture(&self, picture: &Picture, file: Vec<u8>) -> Result<Mattes> {
        let coarse = self.coarse(picture)?;
        let network = upsample_bilinear(&coarse, picture.width_px(), picture.height_px()).alpha().to_vec();
        Ok(Mattes { network, engine: self.engine_matte(file, Edges::default())? })
    }

    /// What a user of the engine gets with these edges; nothing where it finds no subject.
    pub fn engine_matte(&self, file: Vec<u8>, edges: Edges) -> Result<Option<Vec<u8>>> {
        let plan = Plan { edges, channels: Channels::Alpha, format: Format::Png, ..Plan::default() };
        let cutout = match self.engine.remove_blocking(file, &plan) {
            Ok(cutout) => cutout,
            Err(error) if error.kind() == ErrorKind::NoForeground => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let matte = decode(&cutout.bytes, &Limits::default()).context("the engine's own matte")?.picture;
        Ok(Some(matte.rgba().chunks_exact(4).map(|pixel| pixel[0]).collect()))
    }
}

#[cfg(test)]
mod tests {
    use clearcut_testkit::{metrics, scene};

    use super::*;
    use crate::eval::scenes;

    #[test]
    fn the_engines_matte_is_nearer_to_the_truth_than_the_networks_own() {
        let matting = Matting::new(TractSegmenter::embedded()).unwrap();
        let scene = scene::product_photo(480, 320, 4);
        let mattes = matting.of_picture(&scenes::picture(&scene), scene.png()).unwrap();
        let engine = mattes.engine.expect("a mug is a subject");
        let [before, after] = [&mattes.network, &engine].map(|alpha| metrics::mae(alpha, &scene.alpha));
        assert!(after < before && before < 0.1, "{before} to {after}");
        let nothing = Picture::filled(64, 64, [128, 128, 128, 255]);
        let file =
            clearcut_image::encode(&nothing, &clearcut_image::EncodeOptions::new(clearcut_image::OutputFormat::Png));
        assert!(matting.of_picture(&nothing, file.unwrap()).unwrap().engine.is_none());
    }
}
