//! Bodies of every kind, whole and broken: what is read from them, and what is said where nothing can be.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use clearcut_server::trust::limits::{Call, Limit};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{Server, client, photo};

/// A status line's code and the `code` of the problem.
async fn refusal(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["status"], status);
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn every_kind_of_body_gives_the_same_cut_out() {
    let server = Server::start();
    let (client, url, photo) = (client(), server.at("/v1/cutouts"), photo(1));
    let base64 = base64(&photo);
    let multipart = || Form::new().text("border", "3");
    let requests = [
        client.post(&url).multipart(multipart().part("image", Part::bytes(photo.clone()).file_name("a.png"))),
        // Neither a file name nor a type: the field's name says that it is a picture.
        client.post(&url).multipart(multipart().part("image", Part::bytes(photo.clone()))),
        client.post(&url).multipart(multipart().text("image_base64", base64.clone())),
        client
            .post(&url)
            .multipart(multipart().part("image_base64", Part::bytes(base64.clone().into_bytes()).file_name("a.txt"))),
        client.post(format!("{url}?border=3")).body(photo.clone()),
        client.post(format!("{url}?border=3")).header("content-type", "image/png").body(photo.clone()),
        client.post(&url).json(&json!({ "border": 3, "image_base64": base64 })),
        client
            .post(&url)
            .json(&json!({ "border": "3", "image_base64": format!("data:image/png;base64,{base64}"), "roi": null })),
        client.post(&url).form(&[("border", "3"), ("image_base64", &base64)]),
        client.post(format!("{url}?border=3")).form(&[("image_base64", &base64)]),
    ];
    let mut bodies = Vec::new();
    for request in requests {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        bodies.push(answer.bytes().await.unwrap());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the same upload and plan give the same bytes");
}

#[tokio::test]
async fn a_repeated_upload_is_answered_without_decoding() {
    let server = Server::start();
    let send = async || client().post(server.at("/v1/cutouts")).body(photo(2)).send().await.unwrap();
    assert_eq!(send().await.headers()["x-cache"], "miss");
    let again = send().await;
    assert_eq!(again.headers()["x-cache"], "hit");
    assert!(again.headers()["server-timing"].to_str().unwrap().contains("decode;dur=0.0"));
}

#[tokio::test]
async fn an_upload_over_the_limit_is_refused_in_every_kind_of_body() {
    let server = Server::start_with(|settings| settings.load.max_upload_bytes = 64 << 10);
    let (client, url) = (client(), server.at("/v1/cutouts"));
    let large = vec![0x41; (64 << 10) + 1];
    let requests = [
        client.post(&url).body(large.clone()),
        client.post(&url).multipart(Form::new().part("image", Part::bytes(large.clone()))),
        client.post(&url).json(&json!({ "image_base64": base64(&large) })),
        client.post(&url).form(&[("image_base64", base64(&large))]),
        client
            .post(&url)
            .multipart(Form::new().part("background_image", Part::bytes(large)).part("image", Part::bytes(photo(1)))),
    ];
    for request in requests {
        assert_eq!(refusal(request.send().await.unwrap()).await, (413, "too_large".to_owned()));
    }
}

#[test]
fn a_body_without_announced_length_is_refused_at_the_limit_and_its_connection_ends() {
    let server = Server::start_with(|settings| settings.load.max_upload_bytes = 64 << 10);
    let mut connection = connect(&server);
    write!(connection, "POST /v1/cutouts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = [b"1000\r\n".as_slice(), &[b'A'; 0x1000], b"\r\n"].concat();
    connection.write_all(&chunk.repeat(32)).unwrap();
    // Nothing says that the body ends here, and nothing follows.
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[test]
fn a_body_without_announced_length_that_nobody_reads_ends_its_connection() {
    let closed = Server::start_with(|settings| settings.access.require_key = true);
    let limited = Server::start_with(|settings| {
        settings.limits.calls = vec![(Call::Native, Limit { calls: 1, per: Duration::from_hours(1) })];
    });
    let mut only = connect(&limited);
    write!(only, "POST /v1/cutouts HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").unwrap();
    assert!(read(&mut only).starts_with("HTTP/1.1 400"));
    for (server, call, status) in [
        (&closed, "POST /v1/cutouts", 401),
        (&closed, "POST /v1.0/removebg", 403),
        (&closed, "POST /nowhere", 404),
        (&closed, "PUT /v1/cutouts", 405),
        (&limited, "POST /v1/cutouts", 429),
    ] {
        let answer = answer_to_endless(server, call);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{call}: {answer}");
        assert!(answer.contains("connection: close"), "{call}: {answer}");
    }
}

#[test]
fn a_pause_in_the_body_is_answered_408() {
    let server = Server::start_with(|settings| settings.listen.request_timeout = Duration::from_millis(300));
    let mut connection = connect(&server);
    write!(connection, "POST /v1/cutouts HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc").unwrap();
    let answer = read(&mut connection);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("request_timeout"), "{answer}");
}

#[test]
fn a_body_that_drips_is_answered_408() {
    let server = Server::start_with(|settings| settings.listen.request_timeout = Duration::from_millis(300));
    let mut connection = connect(&server);
    write!(connection, "POST /v1/cutouts HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n").unwrap();
    let mut dripping = connection.try_clone().unwrap();
    let drip = std::thread::spawn(move || {
        // The server's answer ends it: writing fails then.
        for _ in 0..900 {
            if dripping.write_all(b"a").is_err() {
                return true;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        false
    });
    let answer = read(&mut connection);
    drop(connection);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    drip.join().unwrap();
}

#[tokio::test]
async fn a_multipart_body_torn_at_any_place_is_refused() {
    let server = Server::start();
    let (head, file, tail) = (
        "--b\r\nContent-Disposition: form-data; name=\"border\"\r\n\r\n3\r\n\
        --b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\n",
        photo(1),
        "\r\n--b--\r\n",
    );
    let whole = [head.as_bytes(), &file, tail.as_bytes()].concat();
    let near = |at: usize| at.saturating_sub(12)..(at + 12).min(whole.len());
    // Every place in the heads, and around both ends of the file. The last two bytes are not needed.
    let places = (0..head.len()).chain(near(head.len())).chain(near(head.len() + file.len()));
    for place in places.filter(|place| *place < whole.len() - 2) {
        let request = client().post(server.at("/v1/cutouts")).header("content-type", "multipart/form-data; boundary=b");
        let answer = request.body(whole[..place].to_vec()).send().await.unwrap();
        assert_eq!(refusal(answer).await, (400, "invalid_request".to_owned()), "torn after {place} bytes");
    }
}

#[tokio::test]
async fn what_is_no_body_of_a_known_type_says_so() {
    let server = Server::start();
    let check = async |content_type: &str, body: &str, expected: (u16, &str)| {
        let request = client().post(server.at("/v1/cutouts")).header("content-type", content_type);
        let (status, code) = refusal(request.body(body.to_owned()).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), expected, "{content_type}: {body}");
    };
    let invalid = (400, "invalid_request");
    check("text/plain", "abc", (415, "unsupported_format")).await;
    check("text/plain", "", (400, "missing_image")).await;
    check("multipart/mixed; boundary=b", "--b--", (415, "unsupported_format")).await;
    check("multipart/form-data", "--b--", invalid).await;
    check("multipart/form-data; boundary=", "--b--", invalid).await;
    check("multipart/form-data; boundary=b; boundary=c", "--b--", invalid).await;
    check("multipart/form-data; boundary=b", "", invalid).await;
    check("multipart/form-data; boundary=b", "--c\r\n\r\n", invalid).await;
    check("multipart/form-data; boundary=b", "--b--\r\n", (400, "missing_image")).await;
    check("multipart/form-data; boundary=b", "--b\r\n\r\nabc\r\n--b--\r\n", invalid).await;
    check("application/json", "", invalid).await;
    check("application/json", "[]", invalid).await;
    check("application/json", "{\"image_base64\":[]}", invalid).await;
    check("application/json", "{\"image_base64\":\"%\"}", (400, "invalid_field")).await;
    check("application/octet-stream", "", (400, "missing_image")).await;
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let server = Server::start();
    let request = client().post(server.at("/v1/cutouts")).header("content-encoding", "gzip").body(photo(1));
    assert_eq!(refusal(request.send().await.unwrap()).await, (415, "unsupported_format".to_owned()));
}

#[tokio::test]
async fn the_number_of_parts_and_the_length_of_a_text_are_bounded() {
    let server = Server::start();
    let (client, url) = (client(), server.at("/v1/cutouts"));
    let many = (0..201).fold(Form::new(), |form, at| form.text(format!("field{at}"), "1"));
    let answer = client.post(&url).multipart(many).send().await.unwrap();
    assert_eq!(refusal(answer).await, (400, "invalid_request".to_owned()));
    let long = Form::new().text("image_url", "a".repeat((1 << 20) + 1));
    let answer = client.post(&url).multipart(long).send().await.unwrap();
    assert_eq!(refusal(answer).await, (400, "invalid_field".to_owned()));
    let long_head = Form::new().part("image", Part::bytes(photo(1)).file_name("a".repeat(100 << 10)));
    let answer = client.post(&url).multipart(long_head).send().await.unwrap();
    assert_eq!(refusal(answer).await, (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_file_field_that_a_browser_left_empty_is_absent() {
    let server = Server::start();
    let empty = Part::bytes(Vec::new()).file_name("").mime_str("application/octet-stream").unwrap();
    let form = Form::new().part("background_image", empty).part("image", Part::bytes(photo(1)).file_name("a.png"));
    let answer = client().post(server.at("/v1/cutouts")).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

fn connect(server: &Server) -> TcpStream {
    let connection = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    connection.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    connection
}

/// All that the server says to `call` and a body that goes on for as long as it is let; it must end the connection.
fn answer_to_endless(server: &Server, call: &str) -> String {
    let mut connection = connect(server);
    write!(connection, "{call} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let mut endless = connection.try_clone().unwrap();
    let chunk = [b"1000\r\n".as_slice(), &[b'A'; 0x1000], b"\r\n"].concat();
    // The end of the connection ends it: writing fails then.
    let sending = std::thread::spawn(move || while endless.write_all(&chunk).is_ok() {});
    let mut answer = Vec::new();
    // That may come as a reset, since more is on its way than anybody reads.
    let mut buffer = [0; 4096];
    while let Ok(bytes @ 1..) = connection.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..bytes]);
    }
    sending.join().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// What the server says first.
fn read(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !answer.ends_with(b"}") {
        match connection.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => answer.extend_from_slice(&buffer[..read]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}
