//! The options of work that a server does.

use clap::{Args, value_parser};
use reqwest::Url;
use secrecy::SecretString;

/// Which server does the work, if one does.
#[derive(Debug, Clone, Args)]
pub struct RemoteArgs {
    /// Let the Clearcut server at this address do the work: its model and its cache, --jobs pictures at once (16 by
    /// default). A run that was cut off goes on where it was when the same command is given again.
    #[arg(
        id = "remote",
        long = "remote",
        value_name = "URL",
        conflicts_with_all = ["watch", "model_file", "compat", "no_cache"],
        help_heading = "A server"
    )]
    pub server: Option<Url>,
    /// The API key, where the server asks for one.
    #[arg(long, env = "CLEARCUT_API_KEY", hide_env_values = true, value_name = "KEY", help_heading = "A server")]
    pub api_key: Option<SecretString>,
    /// How long a server is waited for that is away, busy or asks for a pause; the same command goes on later.
    #[arg(
        long = "patience",
        value_name = "SECONDS",
        default_value_t = 900,
        value_parser = value_parser!(u64).range(..=604_800),
        help_heading = "A server"
    )]
    pub patience_s: u64,
}
