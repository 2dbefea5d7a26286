//! Requests as bytes, so that they can be wrong in every way.

/// The boundary of all multipart bodies here.
pub const BOUNDARY: &str = "boundary-of-parts";

/// One request that is to be refused.
pub struct BadRequest {
    /// What is wrong with it.
    pub name: String,
    /// Head and body.
    pub bytes: Vec<u8>,
    /// What follows them.
    pub end: End,
    /// How the refusal is said.
    pub words: Words,
}

/// What the client does after the last byte.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Waits for the answer.
    Whole,
    /// Closes its side first.
    HalfClosed,
}

/// How a refusal is said.
#[derive(Clone, Copy)]
pub enum Words {
    /// In JSON: text stands at this pointer.
    At(&'static str),
    /// By the status alone: the request was too broken to reach a wire.
    StatusAlone,
}

/// A request with a body whose length is right.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.extend([*name, ": ", *value, "\r\n"]);
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// A `POST` of one type.
pub fn post(path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    request("POST", path, &[("Content-Type", content_type)], body)
}

/// A `POST` of parts.
pub fn post_parts(path: &str, body: &[u8]) -> Vec<u8> {
    post(path, &format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

/// A part with a file.
pub fn file(name: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n"].concat()
}

/// A part with text.
pub fn text(name: &str, value: &str) -> Vec<u8> {
    format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes()
}

/// Parts and the end after them.
pub fn parts(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat()
}
