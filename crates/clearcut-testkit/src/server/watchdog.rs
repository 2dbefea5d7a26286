//! Ends a server whose test process is gone.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

/// Reads process ids until the pipe closes, which it does however the test process ends; then ends the last one (an
/// empty line says that there is none), gives it five seconds, and removes the folder.
const SCRIPT: &str = r#"
server=
while read -r line; do server=$line; done
if [ -n "$server" ]; then
    kill -CONT "$server"
    kill "-$1" "$server"
    tenths=0
    while [ $tenths -lt 50 ] && kill -0 "$server"; do
        sleep 0.1
        tenths=$((tenths + 1))
    done
    kill -KILL "$server"
fi
rm -rf -- "$2"
"#;

/// A shell at the other end of a pipe. It does no harm if it outlives its server.
#[derive(Debug)]
pub(super) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    /// `signal` is the one that ends the server at once, `folder` is what it leaves behind.
    pub(super) fn start(signal: &str, folder: &Path) -> anyhow::Result<Self> {
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "watchdog", signal])
            .arg(folder)
            .stdin(Stdio::piped())
            // An inherited pipe would make whoever reads the tests' output wait for the watchdog too.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal is for the tests; the watchdog must outlive them.
            .process_group(0)
            .spawn()
            .context("starting /bin/sh as a watchdog")?;
        Ok(Self { shell })
    }

    /// Names the process to end, in the place of the one before.
    pub(super) fn guard(&mut self, process: Option<u32>) -> anyhow::Result<()> {
        let line = process.map_or_else(|| "\n".to_owned(), |process| format!("{process}\n"));
        let pipe = self.shell.stdin.as_mut().context("the watchdog has no pipe")?;
        pipe.write_all(line.as_bytes()).context("telling the watchdog")
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // It only fails for a process that is gone already.
        let _ = self.shell.wait();
    }
}
