//! `clearcut-server keys`: who may ask.

use std::{
    io::{self, Write},
    num::NonZeroU32,
    time::{SystemTime, UNIX_EPOCH},
};

use actix_web::http::header::HttpDate;
use anyhow::Result;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::{
    settings::Settings,
    trust::{
        key_file::{KeyEntry, KeyFile, NewKey},
        keys::Role,
    },
};

/// Adds, lists and revokes API keys. A running server sees the change within a second.
#[derive(Debug, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Makes a key and shows it, this once.
    Add {
        /// Whose key it is.
        #[arg(long)]
        name: String,
        /// What it may do.
        #[arg(long, value_enum, default_value_t = Role::User)]
        role: Role,
        /// Pictures a day; any number if absent.
        #[arg(long, value_name = "N")]
        quota_per_day: Option<NonZeroU32>,
    },
    /// Lists the keys by their ids; the keys themselves are known nowhere.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Takes a key out; requests with it are refused from then on.
    Revoke {
        /// Id of the key, as `list` shows it.
        id: String,
    },
}

/// A key in the JSON list.
#[derive(Debug, Serialize)]
struct Listed {
    id: String,
    name: String,
    role: Role,
    quota_per_day: Option<u32>,
    created: u64,
}

/// Does what `args` say to the file of keys that `settings` name.
///
/// # Errors
///
/// An id that no key has, a name that cannot be printed, or a file that cannot be read or written.
pub fn run(args: KeysArgs, settings: &Settings) -> Result<()> {
    let file = KeyFile::at(&settings.access.keys_file);
    perform(args.action, &file, &mut io::stdout().lock(), &mut io::stderr().lock())
}

/// What programs read goes to `out`, what people read besides to `notes`.
fn perform(action: Action, file: &KeyFile, out: &mut impl Write, notes: &mut impl Write) -> Result<()> {
    match action {
        Action::Add { name, role, quota_per_day } => {
            let made = file.add(NewKey { name, role, quota_per_day }, SystemTime::now())?;
            writeln!(out, "{}", made.key.expose_secret())?;
            let file = file.path().display();
            writeln!(notes, "{} key {} was added to {file}. It is shown only now: keep it.", role.as_str(), made.id)?;
        }
        Action::List { json: true } => {
            let listed: Vec<_> = file.read()?.iter().map(Listed::of).collect();
            serde_json::to_writer_pretty(&mut *out, &listed)?;
            writeln!(out)?;
        }
        Action::List { json: false } => list(&file.read()?, file, out, notes)?,
        Action::Revoke { id } => {
            let holder = file.revoke(&id)?;
            writeln!(notes, "{} key {id} of {} was revoked", holder.role.as_str(), holder.name)?;
        }
    }
    Ok(())
}

fn list(entries: &[KeyEntry], file: &KeyFile, out: &mut impl Write, notes: &mut impl Write) -> Result<()> {
    if entries.is_empty() {
        let file = file.path().display();
        writeln!(notes, "there are no keys in {file}; `clearcut-server keys add --name NAME` makes one")?;
        return Ok(());
    }
    writeln!(out, "{:<10}  {:<5}  {:>10}  {:<29}  NAME", "ID", "ROLE", "PER DAY", "CREATED")?;
    for entry in entries {
        let holder = entry.holder();
        let quota = holder.quota_per_day.map_or_else(|| "any".to_owned(), |quota| quota.to_string());
        let created = HttpDate::from(entry.created()).to_string();
        writeln!(out, "{:<10}  {:<5}  {quota:>10}  {created:<29}  {}", holder.id, holder.role.as_str(), holder.name)?;
    }
    Ok(())
}

impl Listed {
    fn of(entry: &KeyEntry) -> Self {
        let created = entry.created().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let holder = entry.holder();
        Self { id: holder.id, name: holder.name, role: holder.role, quota_per_day: holder.quota_per_day, created }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        keys: KeysArgs,
    }

    /// Standard output and standard error of `keys` with `words`.
    fn say(file: &KeyFile, words: &[&str]) -> Result<(String, String)> {
        let args = Program::try_parse_from([&["keys"], words].concat())?.keys;
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        perform(args.action, file, &mut out, &mut notes)?;
        Ok((String::from_utf8(out)?, String::from_utf8(notes)?))
    }

    #[test]
    fn keys_are_added_listed_and_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("keys.toml"));
        assert_eq!(say(&file, &["list"]).unwrap().0, "");
        assert_eq!(say(&file, &["list", "--json"]).unwrap().0, "[]\n");

        let (key, note) = say(&file, &["add", "--name", "the shop", "--quota-per-day", "9"]).unwrap();
        assert!(key.starts_with("cc_") && key.trim_end().len() == 46, "only the key, for scripts: {key}");
        assert!(note.contains("user key") && !note.contains(key.trim_end()), "{note}");
        say(&file, &["add", "--name", "me", "--role", "admin"]).unwrap();

        let (json, _) = say(&file, &["list", "--json"]).unwrap();
        let listed: serde_json::Value = serde_json::from_str(&json).unwrap();
        let id = listed[0]["id"].as_str().unwrap();
        assert_eq!((&listed[0]["name"], &listed[0]["quota_per_day"]), (&"the shop".into(), &9.into()));
        assert_eq!((&listed[1]["role"], &listed[1]["quota_per_day"]), (&"admin".into(), &serde_json::Value::Null));
        let (table, _) = say(&file, &["list"]).unwrap();
        assert_eq!(table.lines().count(), 3);
        assert!(table.contains(id) && table.contains("the shop") && table.contains("GMT"), "{table}");
        let hash = blake3::hash(key.trim_end().as_bytes()).to_hex();
        assert!(!format!("{json}{table}").contains(hash.as_str()), "no hash is shown");

        assert!(say(&file, &["revoke", id]).unwrap().1.contains("the shop"));
        assert!(say(&file, &["revoke", id]).unwrap_err().to_string().contains(id));
        assert!(!say(&file, &["list"]).unwrap().0.contains("the shop"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("keys.toml"));
        for words in [
            &["add"][..],
            &["add", "--name", ""],
            &["add", "--name", "a", "--role", "king"],
            &["add", "--name", "a", "--quota-per-day", "0"],
            &["revoke"],
            &["revoke", "nobody"],
            &[],
        ] {
            assert!(say(&file, words).is_err(), "{words:?}");
        }
        assert!(!file.path().exists());
    }
}
