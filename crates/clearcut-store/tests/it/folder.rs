//! What only a folder can be asked: its files.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use clearcut_store::{Lifetimes, ObjectName, Store, StoreConfig, StoreErrorKind, SweepReport};
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::folder(folder.path())).unwrap();
    (folder, store)
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn objects_are_files_of_their_names_and_nothing_is_left_beside_them() {
    let (folder, store) = store();
    let result = store.put_result("a result".into(), "image/webp").await.unwrap();
    let upload = ObjectName::upload("0123").unwrap();
    store.put_upload(&upload, "an upload".into()).await.unwrap();
    store.probe().await.unwrap();
    assert_eq!(fs::read(folder.path().join(result.as_str())).unwrap(), b"a result");
    assert_eq!(fs::read(folder.path().join("uploads/0123")).unwrap(), b"an upload");
    assert_eq!(files(folder.path()).len(), 2);
}

#[tokio::test]
async fn a_store_opened_again_has_what_it_had() {
    let (folder, store) = store();
    let name = store.put_result("kept".into(), "image/png").await.unwrap();
    drop(store);
    let again = Store::open(StoreConfig::folder(folder.path())).unwrap();
    let object = again.get(&name, 10).await.unwrap().unwrap();
    assert_eq!((&object.body[..], object.media_type.as_deref()), (&b"kept"[..], Some("image/png")));
}

#[tokio::test]
async fn a_changed_result_is_removed_and_never_answered() {
    let (folder, store) = store();
    let name = store.put_result("a result".into(), "image/png").await.unwrap();
    for changed in ["a resulT", "a resul", ""] {
        fs::write(folder.path().join(name.as_str()), changed).unwrap();
        let error = store.get(&name, 100).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{changed:?}: {error}");
        assert_eq!(store.get(&name, 100).await.unwrap(), None);
        store.put_result("a result".into(), "image/png").await.unwrap();
        assert!(store.get(&name, 100).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn the_sweep_takes_what_a_crashed_writer_left_and_leaves_what_is_not_its_own() {
    let (folder, store) = store();
    let name = store.put_result("a result".into(), "image/png").await.unwrap();
    store.remove(&name).await.unwrap();
    let left = [format!("{name}#1"), "uploads/0123#12".to_owned()];
    let others = [
        format!("{name}.bak"),
        "results/notes".to_owned(),
        "uploads/README.txt".to_owned(),
        "uploads/READ ME#1".to_owned(),
        "uploads/0123#".to_owned(),
        "notes#1".to_owned(),
    ];
    for file in left.iter().chain(&others) {
        fs::write(folder.path().join(file), "12345").unwrap();
    }
    let lifetimes = Lifetimes { uploads: Duration::ZERO, results: Some(Duration::ZERO) };
    let now = SystemTime::now();

    let early = store.sweep(now + Duration::from_mins(50), lifetimes).await.unwrap();
    assert_eq!(early, SweepReport::default(), "a writer may still be at it");
    let late = store.sweep(now + Duration::from_mins(70), lifetimes).await.unwrap();
    assert_eq!((late.removed, late.bytes, late.failed), (2, 10, 0));
    for file in &left {
        assert!(!folder.path().join(file).exists(), "{file} is still there");
    }
    for file in &others {
        assert!(folder.path().join(file).exists(), "{file} was somebody else's");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_one_is_misconfigured() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [&file, &file.join("below")] {
        let error = Store::open(StoreConfig::folder(path)).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains("file"), "{error}");
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_is_told_by_the_probe() {
    let (folder, store) = store();
    store.probe().await.unwrap();
    fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(store.probe().await.unwrap_err().kind(), StoreErrorKind::Configuration);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_without_room_is_told_as_full_by_the_probe() {
    let (folder, store) = store();
    // A device that has no room for what is written to it.
    std::os::unix::fs::symlink("/dev/full", folder.path().join(".probe")).unwrap();
    assert_eq!(store.probe().await.unwrap_err().kind(), StoreErrorKind::Full);
}

const SMALL_FILES_ONLY: &str = "CLEARCUT_STORE_SMALL_FILES_ONLY";

/// Not a test of its own: the next one runs it in a process that may write 32 KiB to a file and no more.
#[tokio::test]
async fn a_put_that_finds_no_room() {
    if std::env::var_os(SMALL_FILES_ONLY).is_none() {
        return;
    }
    let (folder, store) = store();
    let large = vec![7; 100_000];
    let error = store.put_result(large.clone().into(), "image/png").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full, "{error}");
    assert_eq!(store.get(&ObjectName::result(&large, "image/png"), 1 << 20).await.unwrap(), None);
    assert_eq!(files(folder.path()), [] as [&str; 0], "a part is left");
    let name = store.put_result("small".into(), "image/png").await.unwrap();
    assert!(store.get(&name, 100).await.unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn a_put_without_room_is_told_as_full_and_leaves_no_part() {
    // Half a KiB or one is the unit, as the shell likes; over the limit a write fails, as the signal is ignored.
    let output = std::process::Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; ulimit -f 32; exec "$0" --exact folder::a_put_that_finds_no_room"#])
        .arg(std::env::current_exe().unwrap())
        .env(SMALL_FILES_ONLY, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
