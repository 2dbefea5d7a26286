//! `clearcut-server openapi`: the API's description without a running server.

use super::print;
use crate::native::openapi;

pub(super) fn run() -> anyhow::Result<()> {
    print(&format!("{}\n", openapi::document().to_pretty_json()?))
}
