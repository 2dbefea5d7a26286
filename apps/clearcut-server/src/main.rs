//! The `clearcut-server` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    clearcut_server::cli::main(std::env::args_os())
}
