//! What the machine has left: disk and memory.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{task::spawn_blocking, time::timeout};

use super::{Disk, Memory};

/// What could be found out; `None` where the system does not say.
#[derive(Debug, Default)]
pub(super) struct Machine {
    pub(super) disk: Option<Disk>,
    pub(super) memory: Option<Memory>,
}

/// Looks at the disk of `folder` and at this process. A disk that hangs, such as a network's, is not waited for.
pub(super) async fn look(folder: Option<PathBuf>, patience: Duration) -> Machine {
    let look = spawn_blocking(move || Machine { disk: folder.as_deref().and_then(disk), memory: memory() });
    timeout(patience, look).await.ok().and_then(Result::ok).unwrap_or_default()
}

fn disk(folder: &Path) -> Option<Disk> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(Disk {
        free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
        total_bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
    })
}

fn memory() -> Option<Memory> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit_bytes = limits.iter().find_map(|path| fs::read_to_string(path).ok()).and_then(|text| limit(&text));
    Some(Memory { resident_bytes: resident(&status)?, limit_bytes })
}

/// Of `/proc/self/status`: `VmRSS:     12345 kB`; see `proc_pid_status(5)`.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Of a control group's `memory.max`: a number, or `max`. The first version of control groups says a number that no
/// machine has.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|bytes| *bytes < 1 << 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_understood() {
        assert_eq!(resident("Name:\tx\nVmHWM:\t   900 kB\nVmRSS:\t   800 kB\n"), Some(800 << 10));
        assert_eq!(resident("VmRSS:\tmuch\n"), None);
        assert_eq!(limit("1073741824\n"), Some(1 << 30));
        assert_eq!(limit("max\n"), None);
        assert_eq!(limit("9223372036854771712\n"), None);
    }

    #[test]
    fn a_disk_has_bytes_and_a_missing_folder_none() {
        let disk_of_tests = disk(&std::env::temp_dir()).unwrap();
        assert!(disk_of_tests.total_bytes > 0 && disk_of_tests.free_bytes <= disk_of_tests.total_bytes);
        assert!(disk(Path::new("/no/such/folder")).is_none());
    }
}
