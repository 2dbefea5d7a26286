//! `b W H -o out-%03u.png`: raw RGB24 frames on standard input, as a video decoder writes them.

use std::{
    io::{self, Read},
    num::NonZeroU32,
    path::PathBuf,
};

use clap::Args;
use clearcut::Picture;
use futures::{StreamExt, stream};

use crate::{
    args::{EngineArgs, PlanArgs},
    exit::{Exit, Failure},
    remove::{Place, plan, write},
    wire,
};

/// Cut the subject out of raw RGB24 frames.
#[derive(Debug, Args)]
pub struct FramesArgs {
    /// Width of a frame in pixels.
    pub width: NonZeroU32,
    /// Height of a frame in pixels.
    pub height: NonZeroU32,
    /// Name of the results, with the frame's number (from 1) for `%u`, `%d` or `%03u`.
    #[arg(short, long, value_name = "PATTERN")]
    pub output: String,
    /// What the cut-outs should look like.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Which model, which cache, how many threads.
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Reads frames until the input ends; a frame that fails stops the work, since the numbering would lie.
pub async fn run(args: FramesArgs) -> Result<Exit, Failure> {
    let pattern = Pattern::parse(&args.output)?;
    let plan = plan(&args.plan, Some(args.output.as_ref()))?;
    let works = wire::works(&args.engine).await?;
    let frames = stream::iter(Frames { width: args.width.get(), height: args.height.get(), number: 0 });
    let mut results = frames
        .map(|frame| {
            let (engine, plan, pattern) = (&works.engine, &plan, &pattern);
            async move {
                let (number, picture) = frame?;
                let cutout = engine.remove_picture(picture, plan).await?;
                write(&Place::File(pattern.name(number)), &cutout.bytes)
            }
        })
        .buffered(works.engine.threads());
    while let Some(result) = results.next().await {
        result?;
    }
    works.finish().await;
    Ok(Exit::Done)
}

struct Frames {
    width: u32,
    height: u32,
    number: u64,
}

impl Iterator for Frames {
    type Item = Result<(u64, Picture), Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let pixels = self.width as usize * self.height as usize;
        let mut rgb = vec![0; pixels * 3];
        let mut filled = 0;
        while filled < rgb.len() {
            match io::stdin().lock().read(&mut rgb[filled..]) {
                Ok(0) if filled == 0 => return None,
                Ok(0) => {
                    let message = format!("the input ends inside frame {}; is the size right?", self.number + 1);
                    return Some(Err(Failure::new(Exit::Picture(14), "corrupt_picture", message)));
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Some(Err(Failure::read(&error))),
            }
        }
        self.number += 1;
        let rgba = rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
        Some(Ok((self.number, Picture::from_rgba(self.width, self.height, rgba))))
    }
}

/// A file name with one number in it, as printf writes it.
#[derive(Debug, PartialEq, Eq)]
struct Pattern {
    before: String,
    digits: usize,
    after: String,
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, Failure> {
        let invalid = || Failure::usage(format!("`{text}` needs one number such as %03u in it"));
        let (before, rest) = text.split_once('%').ok_or_else(invalid)?;
        let end = rest.find(['u', 'd', 'i']).ok_or_else(invalid)?;
        let (digits, after) = (&rest[..end], &rest[end + 1..]);
        let digits = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| invalid())? };
        if after.contains('%') || digits > 20 {
            return Err(invalid());
        }
        Ok(Self { before: before.to_owned(), digits, after: after.to_owned() })
    }

    fn name(&self, number: u64) -> PathBuf {
        let Self { before, digits, after } = self;
        format!("{before}{number:0digits$}{after}").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_printf_would() {
        for (pattern, name) in [("out-%03u.png", "out-007.png"), ("%d", "7"), ("a/%u-b.webp", "a/7-b.webp")] {
            assert_eq!(Pattern::parse(pattern).unwrap().name(7), PathBuf::from(name));
        }
        for pattern in ["out.png", "%u%u", "%s", "%99u"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
