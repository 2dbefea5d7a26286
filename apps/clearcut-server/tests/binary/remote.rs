//! `clearcut remove --remote` against this server: both programs as their users run them.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use clearcut_testkit::{scene, skip::skip};
use serde_json::Value;
use tempfile::TempDir;

use crate::program::Running;

/// The other program, which lies beside this one; `None`, and a line that says so, where it was not built.
fn clearcut(folder: &Path, server: &Running, more: &[&str]) -> Option<Output> {
    let program = Path::new(env!("CARGO_BIN_EXE_clearcut-server"))
        .with_file_name(format!("clearcut{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        skip(&format!("{} is not there; `cargo build --workspace` makes it", program.display()));
        return None;
    }
    let mut command = Command::new(program);
    command.env_clear().current_dir(folder).args(["remove", "in", "-o", "out", "--recursive", "--json"]);
    command.args(["--remote", &format!("http://{}", server.address)]).args(more);
    Some(command.output().unwrap())
}

fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_folder_goes_through_the_queue_and_shares_the_cache_with_single_calls() {
    let folder = TempDir::new().unwrap();
    let server = Running::start(folder.path(), &[("LOG_LEVEL", "error,clearcut_server::cli=info")]);
    let photos: Vec<Vec<u8>> = (0..6).map(|seed| scene::product_photo(120, 90, seed).png()).collect();
    fs::create_dir_all(folder.path().join("in/deep")).unwrap();
    for (at, photo) in photos.iter().enumerate() {
        fs::write(folder.path().join(format!("in/deep/{at}.png")), photo).unwrap();
    }
    fs::write(folder.path().join("in/letter.png"), "this is a letter").unwrap();

    let Some(output) = clearcut(folder.path(), &server, &["--crop", "--format", "webp"]) else { return };
    let told = lines(&output);
    assert_eq!(output.status.code(), Some(11), "{told:?} {}", String::from_utf8_lossy(&output.stderr));
    let failed: Vec<&Value> = told.iter().filter(|line| line["status"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["input"], "in/letter.png");
    assert_eq!(failed[0]["error"]["code"], "not_a_picture");
    for (at, photo) in photos.iter().enumerate() {
        let result = fs::read(folder.path().join(format!("out/deep/{at}.webp"))).unwrap();
        assert!(result.starts_with(b"RIFF"), "{at}");
        let head = server.post("/v1/cutouts?crop=true&format=webp", "content-type: image/png\r\n", photo);
        assert!(head.contains("x-cache: hit"), "{at}: {head}");
        assert!(head.contains(&format!("content-length: {}\r\n", result.len())), "{at}: {head}");
    }

    fs::remove_file(folder.path().join("in/letter.png")).unwrap();
    let again = clearcut(folder.path(), &server, &["--crop", "--format", "webp"]).unwrap();
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    assert!(lines(&again).iter().all(|line| line["status"] == "skipped"), "{:?}", lines(&again));
    assert!(!folder.path().join("out/.clearcut-journal.jsonl").exists());
}

#[test]
fn a_server_that_asks_for_a_key_is_told_as_such() {
    let folder = TempDir::new().unwrap();
    let server = Running::start(
        folder.path(),
        &[("LOG_LEVEL", "error,clearcut_server::cli=info"), ("CLEARCUT_ACCESS_REQUIRE_KEY", "true")],
    );
    fs::create_dir_all(folder.path().join("in")).unwrap();
    fs::write(folder.path().join("in/a.png"), scene::product_photo(120, 90, 1).png()).unwrap();
    let Some(output) = clearcut(folder.path(), &server, &[]) else { return };
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(32), "{said}");
    assert!(said.contains("give a key as --api-key or CLEARCUT_API_KEY"), "{said}");
}
