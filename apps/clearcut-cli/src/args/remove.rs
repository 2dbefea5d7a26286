//! The options of `clearcut remove`.

use std::path::PathBuf;

use clap::Args;

use super::{EngineArgs, PlanArgs, RemoteArgs};

/// Cut the subject out of pictures.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct RemoveArgs {
    /// Pictures and folders of pictures; `-` for standard input.
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// File or folder to write to; `-` for standard output. Without it a result stands beside its input, as
    /// NAME-cutout.png.
    #[arg(short, long, value_name = "FILE|FOLDER")]
    pub output: Option<PathBuf>,
    /// Look into folders of folders; the tree is kept under the output folder.
    #[arg(short, long)]
    pub recursive: bool,
    /// Go on watching the input folders for new pictures until interrupted.
    #[arg(short, long)]
    pub watch: bool,
    /// Replace results that are there already.
    #[arg(long, conflicts_with = "skip_existing")]
    pub overwrite: bool,
    /// Leave pictures out whose result is there already.
    #[arg(long)]
    pub skip_existing: bool,
    /// Report each picture as one line of JSON on standard output.
    #[arg(long)]
    pub json: bool,
    /// Say nothing but errors.
    #[arg(short, long)]
    pub quiet: bool,
    /// What the cut-outs should look like.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Which model, which cache, how many threads.
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Which server does the work, if one does.
    #[command(flatten)]
    pub remote: RemoteArgs,
}

/// What to do about a result that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Replace it: a file named with -o, or --overwrite.
    Replace,
    /// Leave the picture out.
    Skip,
    /// Say so and fail.
    Refuse,
}

impl RemoveArgs {
    /// What to do about a result that is there already.
    pub fn existing(&self) -> Existing {
        if self.skip_existing {
            Existing::Skip
        } else if self.overwrite {
            Existing::Replace
        } else {
            Existing::Refuse
        }
    }
}
