//! What is sent: for every wire the same kinds of damage, and for each what only it can get wrong.

use clearcut_testkit::scene;

use super::{
    picture::{jpeg_header, png_header},
    request::{BOUNDARY, BadRequest, End, Words, file, parts, post, post_parts, request, text},
    wires::{OTHER_CALLS, WIRES, Wire},
};
use crate::support::photo;

/// Every bad request.
pub fn corpus() -> Vec<BadRequest> {
    let mut corpus = Corpus(Vec::new());
    for wire in WIRES {
        corpus.torn(wire);
        corpus.misfilled(wire);
        corpus.no_pictures(wire);
        corpus.other_types(wire);
        corpus.verbs(wire.path, &["PUT", "PATCH", "DELETE", "TRACE", "BREW"], wire.words);
    }
    for (verb, path, words) in OTHER_CALLS {
        let wrong = ["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"].into_iter().filter(|wrong| wrong != verb);
        corpus.verbs(path, &wrong.collect::<Vec<_>>(), *words);
    }
    corpus.plans();
    corpus.base64();
    corpus.json();
    corpus.headers();
    corpus.lengths();
    corpus.paths();
    corpus.0
}

struct Corpus(Vec<BadRequest>);

impl Corpus {
    fn add(&mut self, name: impl Into<String>, words: Words, bytes: Vec<u8>) {
        self.0.push(BadRequest { name: name.into(), bytes, end: End::Whole, words });
    }

    /// Multipart that ends at every place of its heads and boundaries, with a length that is right for what is there.
    fn torn(&mut self, wire: &Wire) {
        let head = file(wire.picture, b"").len() - 2;
        let photo = photo(1);
        let whole = parts(&[file(wire.picture, &photo)]);
        let tail = head + photo.len();
        let places =
            (0..head).step_by(if wire.path == "/v1/cutouts" { 1 } else { 11 }).chain([head, head + 1, tail / 2]);
        // Without the last line break it is still whole.
        for place in places.chain(tail..whole.len() - 2) {
            self.add(format!("{} torn at byte {place}", wire.path), wire.words, post_parts(wire.path, &whole[..place]));
        }
    }

    /// Missing and doubled pictures, unknown fields and values.
    fn misfilled(&mut self, wire: &Wire) {
        let Wire { path, picture, words, wrong_fields } = wire;
        let photo = photo(1);
        let mut add = |name: &str, sent: &[Vec<u8>]| {
            self.add(format!("{path} with {name}"), *words, post_parts(path, &parts(sent)));
        };
        add("no part at all", &[]);
        add("the picture under another name", &[file("picture_of_me", &photo)]);
        add("two pictures", &[file(picture, &photo), file(picture, &photo)]);
        add("an empty picture", &[file(picture, b"")]);
        add("201 fields", &(0..201).map(|_| text("a", "b")).collect::<Vec<_>>());
        for (name, value) in *wrong_fields {
            add(&format!("{name}={value}"), &[text(name, value), file(picture, &photo)]);
        }
        if let Some((name, value)) = wrong_fields.last() {
            add(&format!("{name} twice"), &[text(name, value), text(name, value), file(picture, &photo)]);
        }
    }

    /// Files that are no picture, or one that must not be decoded.
    fn no_pictures(&mut self, wire: &Wire) {
        let scene = scene::product_photo(240, 160, 1);
        let (png, jpeg) = (scene.png(), scene.jpeg(80));
        let gif = [b"GIF89a".as_slice(), &[0xff; 4], &[0x80, 0, 0], &[0; 6], &[0x2c]].concat();
        let files: &[(&str, &[u8])] = &[
            ("text", b"This is no picture."),
            ("a PDF", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"),
            ("an SVG", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"),
            ("an archive", b"PK\x03\x04\x14\x00\x00\x00\x08\x00"),
            ("zeros", &[0; 1024]),
            ("the start of a PNG", &png[..8]),
            ("half a PNG", &png[..png.len() / 2]),
            ("a PNG of 30,000 x 30,000", &png_header(30_000, 30_000)),
            ("a PNG of 2^31 x 2^31", &png_header(0x7fff_ffff, 0x7fff_ffff)),
            ("a PNG without pixels", &png_header(0, 0)),
            ("the start of a JPEG", &jpeg[..20]),
            ("a JPEG of 65,500 x 65,500", &jpeg_header(65_500, 65_500)),
            ("a WebP header", b"RIFF\xff\xff\xff\xffWEBPVP8 "),
            ("a GIF of 65,535 x 65,535", &gif),
            ("a BMP header", b"BM\xff\xff\xff\x7f\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00"),
            ("a TIFF that points at itself", b"II*\x00\x08\x00\x00\x00\xff\xff\x00\x00"),
        ];
        for (name, bytes) in files {
            let body = parts(&[file(wire.picture, bytes)]);
            self.add(format!("{} with {name}", wire.path), wire.words, post_parts(wire.path, &body));
        }
    }

    /// Bodies of types that are not understood, or are not what they say.
    fn other_types(&mut self, wire: &Wire) {
        let Wire { path, picture, words, .. } = wire;
        let whole = parts(&[file(picture, &photo(1))]);
        let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
        for (content_type, body) in [
            ("text/plain", b"hello".as_slice()),
            ("application/xml", b"<image/>"),
            ("multipart/mixed; boundary=b", b"--b--"),
            ("multipart/form-data", &whole),
            ("multipart/form-data; boundary=other", &whole),
            ("multipart/form-data; boundary=a; boundary=b", &whole),
            (&multipart, b""),
            ("application/x-www-form-urlencoded", b"\xff\xd8\xff\xe0"),
            ("application/x-www-form-urlencoded", b"image=%zz"),
            ("application/json", b"{"),
            ("application/json", b"[1]"),
            ("application/json", b"\xff"),
            ("not a type", b"hello"),
        ] {
            let shown = String::from_utf8_lossy(&body[..body.len().min(10)]).into_owned();
            self.add(format!("{path} as {content_type}: {shown}"), *words, post(path, content_type, body));
        }
        let compressed = [("Content-Type", multipart.as_str()), ("Content-Encoding", "gzip")];
        self.add(format!("{path} compressed"), *words, request("POST", path, &compressed, &whole));
        let twice = [("Content-Type", multipart.as_str()), ("Content-Type", "application/json")];
        self.add(format!("{path} with two types"), *words, request("POST", path, &twice, &whole));
    }

    fn verbs(&mut self, path: &str, verbs: &[&str], words: Words) {
        for verb in verbs {
            self.add(format!("{verb} {path}"), words, request(verb, path, &[], b""));
        }
    }

    /// Every field of a plan with a value that it cannot have.
    fn plans(&mut self) {
        for field in clearcut::plan::FIELDS {
            let path = format!("/v1/cutouts?{}=%C2%A7", field.name);
            self.add(path.clone(), Words::At("/code"), post(&path, "image/png", &photo(1)));
        }
        for query in
            ["format=png&format=png", "channels=alpha&background=red", "format=png&quality=80", "&&&=", "a[]=1"]
        {
            let path = format!("/v1/cutouts?{query}");
            self.add(path.clone(), Words::At("/code"), post(&path, "image/png", &photo(1)));
        }
    }

    fn base64(&mut self) {
        let texts = [
            "",
            "%",
            "A",
            "AAAA=AAA",
            "data:",
            "data:image/png,AAAA",
            "data:image/png;base64,",
            "ä",
            "-_+/",
            "bm8gcGljdHVyZQ",
        ];
        let wires = [
            ("/v1/cutouts", "image_base64", Words::At("/code")),
            ("/v1.0/removebg", "image_file_b64", Words::At("/errors/0/title")),
            ("/remove-background-base64", "image", Words::At("/error")),
        ];
        for (path, field, words) in wires {
            for text in texts {
                let body = serde_json::json!({ field: text }).to_string();
                self.add(
                    format!("{path} with base64 {text:?}"),
                    words,
                    post(path, "application/json", body.as_bytes()),
                );
            }
        }
    }

    fn json(&mut self) {
        let deep = format!("{{\"image_base64\":{}", "[".repeat(100_000));
        let many: Vec<String> = (0..300).map(|at| format!("\"f{at}\":1")).collect();
        let many = format!("{{{}}}", many.join(","));
        for (name, body) in [
            ("nothing", ""),
            ("null", "null"),
            ("a number", "1e999"),
            ("an unknown field", "{\"image_base64\":\"QQ\",\"colour\":1}"),
            ("a doubled field", "{\"image_base64\":\"QQ\",\"image_base64\":\"QQ\"}"),
            ("an object inside", "{\"image_base64\":{}}"),
            ("a broken escape", "{\"image_base64\":\"\\u12\"}"),
            ("half a pair", "{\"image_base64\":\"\\ud800\"}"),
            ("something after it", "{}{}"),
            ("deep lists", &deep),
            ("many fields", &many),
            ("only nulls", "{\"image_base64\":null}"),
            ("two pictures", "{\"image_base64\":\"QQ\",\"image_url\":\"https://example.org/a.png\"}"),
        ] {
            let bytes = post("/v1/cutouts", "application/json", body.as_bytes());
            self.add(format!("JSON: {name}"), Words::At("/code"), bytes);
        }
        for url in [
            "",
            "nonsense",
            "file:///etc/passwd",
            "gopher://example.org",
            "http://127.0.0.1:1/a.png",
            "http://[::1]:1/",
            "http://0x7f000001/",
            "http://[::ffff:10.0.0.1]/",
            "http://100.64.0.1/",
            "http://user:pass@10.1.1.1/",
        ] {
            let body = serde_json::json!({ "image_url": url }).to_string();
            self.add(
                format!("image_url {url:?}"),
                Words::At("/code"),
                post("/v1/cutouts", "application/json", body.as_bytes()),
            );
        }
    }

    fn headers(&mut self) {
        let photo = photo(1);
        for accept in ["text/html", "image/gif", "image/*;q=0", "nonsense", "image/png;q=2"] {
            let headers = [("Content-Type", "image/png"), ("Accept", accept)];
            self.add(format!("Accept: {accept}"), Words::At("/code"), request("POST", "/v1/cutouts", &headers, &photo));
        }
        let long = "a".repeat(200 << 10);
        self.add("a header of 200 kB", Words::StatusAlone, request("POST", "/v1/cutouts", &[("X-Long", &long)], b""));
        let many = vec![("X-Many", "1"); 1000];
        self.add("1,000 headers", Words::StatusAlone, request("POST", "/v1/cutouts", &many, b""));
        self.add("a path of 100 kB", Words::StatusAlone, request("GET", &format!("/{}", &long[..100 << 10]), &[], b""));
        let part_head = format!("--{BOUNDARY}\r\nX-Long: {long}");
        self.add("a part's header of 200 kB", Words::At("/code"), post_parts("/v1/cutouts", part_head.as_bytes()));
        let part_heads = format!("--{BOUNDARY}\r\n{}\r\n\r\n", "X-Many: 1\r\n".repeat(100));
        self.add("100 headers of a part", Words::At("/code"), post_parts("/v1/cutouts", part_heads.as_bytes()));
        self.add("a preamble of 200 kB", Words::At("/code"), post_parts("/v1/cutouts", long.as_bytes()));
        for (name, head) in [
            ("no HTTP", "hello\r\n\r\n"),
            ("an unknown version", "GET / HTTP/9.9\r\nHost: a\r\n\r\n"),
            ("a header without a colon", "GET /v1/models HTTP/1.1\r\nHost\r\n\r\n"),
            ("a header name with a space", "GET /v1/models HTTP/1.1\r\nHo st: a\r\n\r\n"),
            ("a control character", "GET /v1/models HTTP/1.1\r\nHost: a\0\r\n\r\n"),
        ] {
            self.add(name, Words::StatusAlone, head.as_bytes().to_vec());
        }
    }

    /// Lengths that are no number, or not that of the body.
    fn lengths(&mut self) {
        let head =
            |length: &str| format!("POST /v1/cutouts HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{length}\r\n\r\n");
        for length in [
            "Content-Length: abc",
            "Content-Length: -1",
            "Content-Length: +5",
            "Content-Length: 99999999999999999999999",
            "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: nonsense",
        ] {
            self.add(length, Words::StatusAlone, [head(length).as_bytes(), b"hello"].concat());
        }
        self.add("a length of 10 GB", Words::At("/code"), head("Content-Length: 10000000000").into_bytes());
        for (name, chunks) in [
            ("no size", "hello\r\n"),
            ("a wrong size", "2\r\nhello\r\n0\r\n\r\n"),
            ("a huge size", "ffffffffffffffffff\r\n"),
        ] {
            let bytes = head("Transfer-Encoding: chunked") + chunks;
            self.add(format!("a chunk with {name}"), Words::StatusAlone, bytes.into_bytes());
        }
        let whole = post_parts("/v1/cutouts", &parts(&[file("image", &photo(1))]));
        let length = whole.windows(16).position(|found| found == b"Content-Length: ").unwrap() + 16;
        let longer = [&whole[..length], b"1".as_slice(), &whole[length..]].concat();
        self.add("a body that is shorter than announced", Words::At("/code"), longer.clone());
        let name = "a body that is shorter than announced, and the client is done".to_owned();
        self.0.push(BadRequest { name, bytes: longer, end: End::HalfClosed, words: Words::StatusAlone });
        let end = length + whole[length..].iter().position(|byte| *byte == b'\r').unwrap();
        let shorter = [&whole[..length], b"100".as_slice(), &whole[end..]].concat();
        self.add("a body that is longer than announced", Words::StatusAlone, shorter);
    }

    fn paths(&mut self) {
        for path in [
            "/nowhere",
            "/v1",
            "/v1/cutouts/",
            "/v1/cutouts/%00",
            "/v1/cutouts/a/b",
            "/v1/%2e%2e/secret",
            "//",
            "/docs/nothing.js",
        ] {
            let words = if path.starts_with("/docs/") { Words::StatusAlone } else { Words::At("/code") };
            self.add(format!("GET {path}"), words, request("GET", path, &[], b""));
        }
        for path in [
            "/api/v1/cache/stats?days=0",
            "/api/v1/cache/stats?days=a",
            "/api/v1/cache/recent?limit=-1",
            "/api/admin/cache/stats",
        ] {
            self.add(format!("GET {path}"), Words::At("/error"), request("GET", path, &[], b""));
        }
        for path in ["/api/v1/cache/cleanup", "/api/admin/cache/clear"] {
            let bytes = post(path, "application/json", b"{\"pattern\":\"*\"}");
            self.add(format!("POST {path} without a key"), Words::At("/error"), bytes);
        }
        for name in ["../secret", "%2e%2e%2fsecret", "/etc/passwd", ""] {
            let body = serde_json::json!({ "file_path": name }).to_string();
            self.add(
                format!("/read-file {name:?}"),
                Words::At("/error"),
                post("/read-file", "application/json", body.as_bytes()),
            );
        }
        let url = "http://169.254.169.254/latest/meta-data";
        self.add(
            "rembg by a private URL",
            Words::At("/detail"),
            request("GET", &format!("/api/remove?url={url}"), &[], b""),
        );
        self.add("rembg without a URL", Words::At("/detail"), request("GET", "/api/remove", &[], b""));
    }
}
