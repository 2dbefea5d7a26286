#![doc = include_str!("../README.md")]

mod bare;
mod cold;
mod daemon;
mod edges;
mod eval;
mod inference;
mod jobs;
mod markdown;
mod median;
mod nodes;
mod python;
mod server;
mod stages;
mod table;
mod usage;
mod warm;
mod workplace;
mod wrk;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

use self::python::Python;
use self::table::Table;
use self::workplace::Workplace;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", about = "Compare Clearcut with other tools, in one run on this machine")]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    /// What to compare; everything if nothing is named
    names: Vec<Comparison>,
    /// Runs of each figure, of which the median is shown
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// A Python that has `rembg[cpu,cli]`; without it, one is made in target/bench/venv with pip
    #[arg(long, env = "CLEARCUT_BENCH_PYTHON")]
    python: Option<PathBuf>,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Comparison {
    /// One photo by a new process, against rembg's command line
    Cold,
    /// One photo by a process that runs already, against rembg's library
    Warm,
    /// The network alone on one thread, against ONNX Runtime
    Inference,
    /// Stages and memory of a photo of 12 megapixels
    #[value(name = "12mp")]
    Large,
    /// Stages and memory of a photo of 50 megapixels
    #[value(name = "50mp")]
    Huge,
    /// The server under load, against nginx and rembg's server
    Server,
    /// Jobs, against direct calls
    Jobs,
    /// Refined edges, foreground colors and halos on drawn scenes, against interpolation, pymatting and rembg
    Edges,
}

/// What this program does in a process of its own.
#[derive(Debug, Subcommand)]
#[command(hide = true)]
enum Part {
    /// Run a program and print what it cost
    #[command(hide = true)]
    Usage {
        #[arg(required = true, last = true)]
        words: Vec<OsString>,
    },
    /// Print what each node of the embedded network takes
    #[command(hide = true)]
    Nodes,
    /// Serve a file by a bare actix handler
    #[command(hide = true)]
    Bare { file: PathBuf, port: u16 },
    /// Remove one photo's background on one thread and print the time of each stage
    #[command(hide = true)]
    Stages { photo: PathBuf },
    /// Measure how good a network's mattes are
    #[command(hide = true)]
    Eval(Box<eval::EvalArguments>),
}

/// What every comparison is given.
#[derive(Debug)]
struct Setting {
    workplace: Workplace,
    /// Nothing where the peers could not be installed.
    python: Option<Python>,
    runs: usize,
}

impl Comparison {
    fn run(self, setting: &Setting) -> Result<Vec<Table>> {
        let table = match self {
            Self::Cold => cold::compare(setting),
            Self::Warm => warm::compare(setting),
            Self::Inference => inference::compare(setting),
            Self::Large => stages::compare(setting, &stages::LARGE),
            Self::Huge => stages::compare(setting, &stages::HUGE),
            Self::Server => server::compare(setting),
            Self::Jobs => jobs::compare(setting),
            Self::Edges => return edges::compare(setting),
        };
        Ok(vec![table?])
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.part {
        Some(Part::Usage { words }) => return usage::print(&words),
        Some(Part::Bare { file, port }) => return bare::serve(&file, port),
        Some(Part::Nodes) => return nodes::print(),
        Some(Part::Stages { photo }) => return stages::print(&photo),
        Some(Part::Eval(arguments)) => return eval::run(&arguments),
        None => {}
    }
    let workplace = Workplace::open()?;
    let python = Python::find(arguments.python, &workplace);
    match &python {
        Ok(python) => println!("Peers: {}. Medians of {} runs.\n", python.versions, arguments.runs),
        Err(why) => println!("No peers, only our own figures: {why:#}\n"),
    }
    let setting = Setting { workplace, python: python.ok(), runs: usize::from(arguments.runs) };
    let all = Comparison::value_variants();
    let chosen = if arguments.names.is_empty() { all } else { &arguments.names };
    for comparison in chosen {
        for table in comparison.run(&setting)? {
            println!("{table}");
        }
    }
    Ok(())
}
