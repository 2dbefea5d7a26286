use std::io::Write as _;

use super::*;

fn entry(output: &str, state: State) -> Entry {
    let picture = Stamp { bytes: 7, modified_ns: 1_700_000_000_123_456_789 };
    Entry { output: output.to_owned(), input: format!("in/{output}"), picture, plan: "p".to_owned(), state }
}

fn queued(job_id: &str) -> State {
    State::Queued { server: "http://a/".to_owned(), job_id: job_id.to_owned() }
}

#[test]
fn the_last_line_about_a_picture_counts() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap();
    let done = State::Done(Written::of(b"result"));
    let failed = State::Failed { code: "not_a_picture".to_owned(), message: "no\npicture".to_owned() };
    for (output, state) in [("a.png", queued("1")), ("b.png", queued("2")), ("c.png", failed.clone())] {
        journal.append(&entry(output, state)).unwrap();
    }
    journal.append(&entry("a.png", State::Writing(Written::of(b"result")))).unwrap();
    journal.append(&entry("a.png", done.clone())).unwrap();
    drop(journal);

    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(journal.known("a.png"), Some(&entry("a.png", done)));
    assert_eq!(journal.known("b.png"), Some(&entry("b.png", queued("2"))));
    assert_eq!(journal.known("c.png"), Some(&entry("c.png", failed)));
    assert_eq!(journal.known("d.png"), None);
}

#[test]
fn a_torn_last_line_was_never_said_and_spoils_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let mut journal = Journal::open(folder.path()).unwrap();
    journal.append(&entry("a.png", queued("1"))).unwrap();
    let before = fs::read(&path).unwrap().len();
    journal.append(&entry("b.png", queued("2"))).unwrap();
    drop(journal);
    let whole = fs::read(&path).unwrap();
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.known("a.png").is_some(), end >= before, "{end} bytes");
        assert_eq!(journal.known("b.png"), None, "{end} bytes");
        journal.append(&entry("c.png", queued("3"))).unwrap();
        drop(journal);
        let journal = Journal::open(folder.path()).unwrap();
        assert!(journal.known("c.png").is_some(), "{end} bytes");
    }
}

#[test]
fn a_damaged_line_costs_its_own_picture_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap();
    journal.append(&entry("a.png", queued("1"))).unwrap();
    journal.file.write_all(b"{\"output\":\"b.png\",\xff}\n").unwrap();
    journal.append(&entry("c.png", queued("3"))).unwrap();
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap();
    assert_eq!(["a.png", "b.png", "c.png"].map(|output| journal.known(output).is_some()), [true, false, true]);
}

#[test]
fn two_runs_never_share_a_journal_and_strangers_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap();
    let refused = Journal::open(folder.path()).unwrap_err();
    assert_eq!((refused.exit, &*refused.code), (Exit::Unwritable, "journal_locked"));
    journal.remove().unwrap();
    assert!(!folder.path().join(NAME).exists());

    let path = folder.path().join(NAME);
    fs::write(&path, "{\"clearcut_journal\":2}\n").unwrap();
    let refused = Journal::open(folder.path()).unwrap_err();
    assert!(refused.message.contains("move it away"), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), b"{\"clearcut_journal\":2}\n");
}

#[test]
fn a_changed_file_has_another_stamp() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.jpg");
    fs::write(&path, b"one").unwrap();
    let stamp = Stamp::of(&path).unwrap();
    assert_eq!(Stamp::of(&path).unwrap(), stamp);
    fs::write(&path, b"other").unwrap();
    assert_ne!(Stamp::of(&path).unwrap(), stamp, "another length");
    fs::write(&path, b"two").unwrap();
    let later = File::options().write(true).open(&path).unwrap();
    later.set_modified(UNIX_EPOCH + std::time::Duration::new(1_900_000_000, 5)).unwrap();
    assert_ne!(Stamp::of(&path).unwrap(), stamp, "another time");
}

#[test]
fn a_result_is_known_by_its_length_and_by_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let written = Written::of(b"result");
    assert!(!written.is_at(&path));
    fs::write(&path, b"result").unwrap();
    assert!(written.is_at(&path) && written.is_whole_at(&path));
    fs::write(&path, b"RESULT").unwrap();
    assert!(written.is_at(&path) && !written.is_whole_at(&path));
}
