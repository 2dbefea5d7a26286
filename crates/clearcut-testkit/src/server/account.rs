//! Under which user a server runs.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

/// A user other than root. Postgres refuses to run as root, which is what many build containers are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The user to run Postgres as, if the owner of `folder`, which is this process's user, is root.
    pub(super) fn for_postgres(folder: &Path) -> anyhow::Result<Option<Self>> {
        if std::fs::metadata(folder)?.uid() != 0 {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        let found = ["postgres", "nobody"].into_iter().find_map(|name| Self::find(&users, name));
        found.map(Some).context("Postgres does not run as root, and there is no user `postgres` or `nobody`")
    }

    /// A line is `name:password:user:group:comment:home:shell`.
    fn find(users: &str, name: &str) -> Option<Self> {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_wanted = fields.next() == Some(name);
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            is_wanted.then_some(Self { user, group })
        })
    }

    pub(super) fn own(self, folder: &Path) -> anyhow::Result<()> {
        chown(folder, Some(self.user), Some(self.group)).with_context(|| format!("handing over {}", folder.display()))
    }

    pub(super) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:105:112:,,,:/:/bin/bash\n";
        let account = Account::find(users, "postgres").expect("the third line");
        assert_eq!((account.user, account.group), (105, 112));
        assert!(Account::find(users, "nobody").is_none());
    }
}
