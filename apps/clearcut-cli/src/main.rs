//! The `clearcut` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    clearcut_cli::main(std::env::args_os())
}
