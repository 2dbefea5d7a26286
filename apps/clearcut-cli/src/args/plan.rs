//! Every plan field as an option, from the plan's own table: a field added there is an option here.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, error::ErrorKind, value_parser};
use clearcut::{Plan, plan::FIELDS};

const BACKGROUND_IMAGE: &str = "background_image";
const MASK: &str = "mask";
/// Fields that mean `true` when they are named without a value.
const SWITCHES: &[&str] = &["crop", "shadow"];
const HEADING: &str = "The cut-out";

/// What the cut-outs should look like.
#[derive(Debug, Clone, Default)]
pub struct PlanArgs {
    /// The plan, but for the background picture.
    pub plan: Plan,
    /// The fields that the user set, by name and as they were written.
    pub given: Vec<(&'static str, String)>,
    /// Whether the user chose a format.
    pub format_given: bool,
    /// A picture to put behind the subject.
    pub background_image: Option<PathBuf>,
}

impl Args for PlanArgs {
    fn augment_args(command: Command) -> Command {
        let command = FIELDS.iter().fold(command, |command, field| {
            let arg = Arg::new(field.name)
                .long(field.name.replace('_', "-"))
                .value_name(if field.values.len() <= 24 { field.values } else { "VALUE" })
                .allow_hyphen_values(true)
                .help(help(field.help, field.values))
                .help_heading(HEADING);
            command.arg(if SWITCHES.contains(&field.name) {
                arg.num_args(0..=1).require_equals(true).default_missing_value("true")
            } else {
                arg
            })
        });
        command
            .arg(
                Arg::new(BACKGROUND_IMAGE)
                    .long("background-image")
                    .value_name("FILE")
                    .value_parser(value_parser!(PathBuf))
                    .conflicts_with("background")
                    .help("Put this picture behind the subject, covering the canvas")
                    .help_heading(HEADING),
            )
            .arg(
                Arg::new(MASK)
                    .long("mask")
                    .action(clap::ArgAction::SetTrue)
                    .conflicts_with("channels")
                    .help("Answer the matte alone, as a grey picture")
                    .help_heading(HEADING),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for PlanArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut plan = Plan::default();
        let mut given = Vec::new();
        let mut set = |name: &'static str, value: &str| {
            given.push((name, value.to_owned()));
            plan.set(name, value).map_err(|error| clap::Error::raw(ErrorKind::ValueValidation, format!("{error}\n")))
        };
        for field in FIELDS {
            if let Some(value) = matches.get_one::<String>(field.name) {
                set(field.name, value)?;
            }
        }
        if matches.get_flag(MASK) {
            set("channels", "alpha")?;
        }
        plan.check().map_err(|error| clap::Error::raw(ErrorKind::ArgumentConflict, format!("{error}\n")))?;
        Ok(Self {
            plan,
            given,
            format_given: matches.contains_id("format"),
            background_image: matches.get_one(BACKGROUND_IMAGE).cloned(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn help(help: &str, values: &str) -> String {
    if values.len() <= 24 { help.to_owned() } else { format!("{help} [{values}]") }
}
