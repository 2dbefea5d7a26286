//! Whether this machine has the memory that a model takes.

use std::fs;
use std::path::Path;

/// Files below this are always tried: the embedded model and its like fit wherever a program does.
const SMALL_BYTES: u64 = 64 << 20;

/// Why a file of so many bytes should not be read on this machine, where that is so.
///
/// Where memory runs out the system ends the process without a word, so it is told before. Nothing is refused where the
/// system does not say what is free (systems other than Linux).
pub(crate) fn refusal(file_bytes: u64) -> Option<String> {
    if file_bytes < SMALL_BYTES {
        return None;
    }
    shortage(file_bytes, available_bytes(Path::new("/"))?)
}

/// The file is read into memory, and the network's tensors are made from that: twice the file is the least it takes.
fn shortage(file_bytes: u64, available_bytes: u64) -> Option<String> {
    let needed_bytes = file_bytes.saturating_mul(2);
    let megabytes = |bytes: u64| bytes / 1_000_000;
    (needed_bytes > available_bytes).then(|| {
        format!(
            "it has {} MB and takes at least {} MB of memory to read, of which {} MB are free; choose a smaller model, \
             or one in half precision",
            megabytes(file_bytes),
            megabytes(needed_bytes),
            megabytes(available_bytes)
        )
    })
}

/// What the machine has left, or the container where that is less. `root` is `/`.
fn available_bytes(root: &Path) -> Option<u64> {
    let machine = fs::read_to_string(root.join("proc/meminfo")).ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    });
    let container = container_bytes(root);
    [machine, container].into_iter().flatten().min()
}

/// What the limit of a container (control groups, version 2) leaves. Cached files count as free: the system drops them.
fn container_bytes(root: &Path) -> Option<u64> {
    let folder = root.join("sys/fs/cgroup");
    let limit: u64 = fs::read_to_string(folder.join("memory.max")).ok()?.trim().parse().ok()?;
    let statistics = fs::read_to_string(folder.join("memory.stat")).ok()?;
    let used: u64 = statistics.lines().find_map(|line| line.strip_prefix("anon "))?.parse().ok()?;
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine that says this of its memory.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("below the root")).expect("writable");
            fs::write(path, text).expect("writable");
        }
        root
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:  4096 kB\nMemFree:  9 kB\nMemAvailable:    2048 kB\n");

    #[test]
    fn the_least_of_machine_and_container_counts() {
        let available = |files: &[(&str, &str)]| available_bytes(machine(files).path());
        assert_eq!(available(&[]), None);
        assert_eq!(available(&[MEMINFO]), Some(2 << 20));
        let statistics = ("sys/fs/cgroup/memory.stat", "anon 1000\nfile 900000\n");
        assert_eq!(available(&[MEMINFO, ("sys/fs/cgroup/memory.max", "1001000\n"), statistics]), Some(1_000_000));
        assert_eq!(available(&[MEMINFO, ("sys/fs/cgroup/memory.max", "max\n"), statistics]), Some(2 << 20));
    }

    #[test]
    fn two_gigabytes_do_not_fit_a_small_machine() {
        let gigabyte = 1_000_000_000;
        let reason = shortage(2 * gigabyte, gigabyte).expect("refused");
        assert!(reason.starts_with("it has 2000 MB and takes at least 4000 MB") && reason.contains("1000 MB are free"));
        assert_eq!(shortage(2 * gigabyte, 4 * gigabyte), None);
        assert_eq!(refusal(SMALL_BYTES - 1), None);
    }
}
