//! The real clients of other services, installed from their registries, with only the host changed.
//!
//! Where pip or npm cannot install them, a test says so loudly and passes; with `CLEARCUT_REQUIRE_CLIENTS=1` it fails.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "clients/install.rs"]
mod install;
#[allow(dead_code, reason = "shared with the other integration tests, which use all of it")]
#[path = "it/support.rs"]
mod support;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use clearcut_image::{EncodeOptions, Limits, OutputFormat, Picture, decode, encode};
use clearcut_testkit::scene;
use tempfile::TempDir;

use self::support::Server;

/// Size of the photo: small enough for remove.bg's smallest result.
const SIZE: (u32, u32) = (360, 240);

/// A server, a folder in which a client works, and a photo there and on the web.
struct Scene {
    server: Server,
    folder: TempDir,
    photo: PathBuf,
    photo_url: String,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let photo = folder.path().join("photo.png");
        let bytes = scene::product_photo(SIZE.0, SIZE.1, 7).png();
        fs::write(&photo, &bytes).unwrap();
        let flat = Picture::filled(120, 80, [128, 128, 128, 255]);
        fs::write(folder.path().join("flat.png"), encode(&flat, &EncodeOptions::new(OutputFormat::Png)).unwrap())
            .unwrap();
        let server = Server::start_with(|settings| {
            settings.fetch.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        });
        Self { server, folder, photo, photo_url: host(bytes) }
    }

    /// Runs a script of `tests/clients` in the folder and answers what it printed.
    fn run(&self, command: &mut Command) -> String {
        let output = install::run(command.current_dir(self.folder.path())).unwrap_or_else(|error| panic!("{error}"));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Checks that a client wrote a cut-out of the photo's size.
    fn check(&self, name: &str) {
        let picture = self.picture(name);
        assert_eq!((picture.width_px(), picture.height_px()), SIZE, "{name}");
    }

    /// A PNG that a client wrote, with a subject in front of nothing.
    fn picture(&self, name: &str) -> Picture {
        let bytes = fs::read(self.folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(bytes.starts_with(b"\x89PNG"), "{name} is a PNG");
        let picture = decode(&bytes, &Limits::default()).unwrap().picture;
        let alpha = || picture.rgba().as_chunks::<4>().0.iter().map(|pixel| pixel[3]);
        assert!(alpha().any(|alpha| alpha == 255) && alpha().any(|alpha| alpha == 0), "{name} has alpha");
        picture
    }
}

/// Serves one picture on a loopback port until the process ends.
fn host(picture: Vec<u8>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/photo.png", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut piece = [0; 1024];
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut piece) {
                    Ok(count) if count > 0 => head.extend_from_slice(&piece[..count]),
                    _ => break,
                }
            }
            let length = picture.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            // The client may have left.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&picture));
        }
    });
    url
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

#[test]
fn the_removebg_client_of_pypi_works_with_another_host() {
    let Some(python) = install::python() else { return };
    let scene = Scene::new();
    let mut client = Command::new(python);
    client.arg(script("removebg_pypi.py")).arg(&scene.server.url).arg(&scene.photo).arg(&scene.photo_url);
    let printed = scene.run(&mut client);
    assert_eq!(printed.trim(), "400 Could not identify foreground in image");
    for name in ["photo.png_no_bg.png", "base64.png", "url.png"] {
        scene.check(name);
    }
    let log = fs::read_to_string(scene.folder.path().join("errors.log")).unwrap();
    assert!(log.contains("refused.png due to could not identify foreground in image"), "{log}");
}

#[test]
fn the_remove_bg_client_of_npm_works_with_another_host() {
    let Some(node) = install::node() else { return };
    let scene = Scene::new();
    let mut client = Command::new("node");
    client
        .arg("--require")
        .arg(script("change_host.js"))
        .arg(script("remove_bg_npm.js"))
        .args([scene.photo.as_os_str(), scene.photo_url.as_ref()])
        .env("NODE_PATH", node.join("node_modules"))
        .env("CLEARCUT_SERVER", &scene.server.url);
    let printed: serde_json::Value = serde_json::from_str(&scene.run(&mut client)).unwrap();
    assert_eq!(printed["title"], "Could not identify foreground in image");
    assert_eq!(printed["code"], "unknown_foreground");
    for name in ["file.png", "base64.png"] {
        scene.check(name);
    }
    let cropped = scene.picture("url.png");
    assert!(cropped.width_px() < SIZE.0, "a crop is smaller than the photo");
    let told = &printed["told"];
    assert_eq!((&told[0]["detectedType"], &told[1]["detectedType"]), (&"product".into(), &"other".into()));
    for (field, value) in
        [("creditsCharged", "0"), ("resultWidth", "360"), ("resultHeight", "240"), ("rateLimit", "500")]
    {
        assert_eq!(told[0][field], value, "{field}");
    }
    assert!(told[0]["rateLimitReset"].is_string() && told[0]["rateLimitRemaining"].is_string());
}

#[test]
fn the_documented_call_with_fetch_works_with_another_host() {
    if install::node().is_none() {
        return;
    }
    let scene = Scene::new();
    scene.run(Command::new("node").arg(script("remove_bg_fetch.mjs")).arg(&scene.server.url).arg(&scene.photo));
    scene.check("fetch.png");
}

#[test]
fn a_zip_is_composed_by_another_library() {
    let Some(python) = install::python() else { return };
    let scene = Scene::new();
    scene.run(Command::new(python).arg(script("zip_python.py")).arg(&scene.server.url).arg(&scene.photo));
    scene.check("zip.png");
}

#[test]
fn calls_for_rembgs_server_work_with_another_host() {
    let Some(python) = install::python() else { return };
    let scene = Scene::new();
    let mut client = Command::new(python);
    client.arg(script("rembg_requests.py")).arg(&scene.server.url).arg(&scene.photo).arg(&scene.photo_url);
    let printed = scene.run(&mut client);
    assert!(printed.starts_with("415 "), "{printed}");
    for name in ["post.png", "get.png"] {
        scene.check(name);
    }
}
