//! `ShopImage`'s call as its clients make it.

use clearcut_image::{Limits, decode};
use reqwest::{
    Response, StatusCode,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::support::{Server, client, photo};

async fn post(server: &Server, fields: &[(&str, &str)], photo: &[u8]) -> Response {
    send(server, fields, Some(("file", photo)), "*/*").await
}

async fn send(server: &Server, fields: &[(&str, &str)], file: Option<(&str, &[u8])>, accept: &str) -> Response {
    let mut form = Form::new();
    for (name, value) in fields {
        form = form.text((*name).to_owned(), (*value).to_owned());
    }
    if let Some((name, bytes)) = file {
        form = form.part(name.to_owned(), Part::bytes(bytes.to_vec()).file_name("photo.png"));
    }
    client().post(server.at("/api/remove-bg")).header("accept", accept).multipart(form).send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers()[name].to_str().unwrap()
}

/// Opaque pixels among all, 0 to 1.
fn opaque_share(file: &[u8]) -> f64 {
    let picture = decode(file, &Limits::default()).unwrap().picture;
    let opaque = picture.rgba().chunks_exact(4).filter(|pixel| pixel[3] == 255).count();
    opaque as f64 / (picture.rgba().len() / 4) as f64
}

#[tokio::test]
async fn a_file_becomes_a_picture_with_a_border_and_is_known_the_second_time() {
    let server = Server::start();
    let fields = [("border", "10"), ("border_color", "white")];
    let first = post(&server, &fields, &photo(1)).await;
    assert_eq!((first.status(), header(&first, "content-type")), (StatusCode::OK, "image/png"));
    assert_eq!(header(&first, "x-cache"), "miss");
    let key = header(&first, "x-cache-key").to_owned();
    let [namespace, hash, border, color, _] = key.split(':').collect::<Vec<_>>()[..] else { panic!("{key}") };
    assert_eq!((namespace, hash.len(), border, color), ("remove_bg", 64, "10", "ffffff"));
    let bytes = first.bytes().await.unwrap();
    let plain = post(&server, &[], &photo(1)).await.bytes().await.unwrap();
    assert!(opaque_share(&bytes) > opaque_share(&plain), "the border makes the subject larger");

    let second = post(&server, &fields, &photo(1)).await;
    assert_eq!((header(&second, "x-cache"), header(&second, "x-cache-key")), ("hit", key.as_str()));
    assert_eq!(second.bytes().await.unwrap(), bytes);

    let other = post(&server, &[("border", "20"), ("border_color", "black")], &photo(1)).await;
    assert_eq!(header(&other, "x-cache"), "miss", "other fields are another picture");
    let framed = post(&server, &[("border", "10"), ("border_style", "frame")], &photo(1)).await;
    assert_eq!(header(&framed, "x-cache"), "miss");
    assert_eq!((header(&framed, "x-width"), header(&framed, "x-height")), ("260", "180"), "around the canvas");
}

#[tokio::test]
async fn colors_are_names_of_css_or_hexadecimal() {
    let server = Server::start();
    for (color, hex) in [
        ("white", "ffffff"),
        ("black", "000000"),
        ("red", "ff0000"),
        ("blue", "0000ff"),
        ("green", "008000"),
        ("yellow", "ffff00"),
        ("rebeccapurple", "663399"),
        ("#1a2b3c", "1a2b3c"),
        ("F00", "ff0000"),
    ] {
        let answer = post(&server, &[("border", "5"), ("border_color", color)], &photo(2)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{color}");
        assert_eq!(header(&answer, "x-cache-key").split(':').nth(3), Some(hex), "{color}");
    }
}

#[tokio::test]
async fn without_a_border_its_color_makes_no_difference() {
    let server = Server::start();
    let plain = post(&server, &[], &photo(3)).await;
    let white = post(&server, &[("border", "0"), ("border_color", "black")], &photo(3)).await;
    assert_eq!(header(&white, "x-cache"), "hit");
    assert_eq!(plain.bytes().await.unwrap(), white.bytes().await.unwrap());
}

#[tokio::test]
async fn json_names_the_url_under_the_requests_host_or_the_configured_one() {
    let server = Server::start();
    let accept = "application/json, text/plain, */*";
    let photo = photo(4);
    let answer = send(&server, &[("border", "3"), ("border_style", "frame")], Some(("file", &photo)), accept).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let key = header(&answer, "x-cache-key").to_owned();
    let body: Value = answer.json().await.unwrap();
    let url = body["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{}/v1/results/", server.url)) && url.rsplit('.').next() == Some("png"), "{url}");
    let stored = client().get(url).send().await.unwrap();
    assert_eq!((stored.status().as_u16(), header(&stored, "content-type")), (200, "image/png"));
    assert_eq!(stored.bytes().await.unwrap().len() as u64, body["size"].as_u64().unwrap());
    let expected = json!({
        "success": true, "url": url, "key": key, "cached": false,
        "width": 246, "height": 166, "mimetype": "image/png", "size": body["size"],
    });
    assert_eq!(body, expected);
    assert!(body["size"].as_u64().unwrap() > 100);

    let elsewhere = Server::start_with(|settings| {
        settings.results.api_base_url = Some("https://shop.example/images/".to_owned());
    });
    let answer = send(&elsewhere, &[], Some(("file", &photo)), "application/json").await;
    let body: Value = answer.json().await.unwrap();
    assert!(body["url"].as_str().unwrap().starts_with("https://shop.example/images/v1/results/"), "{body}");

    let picture = send(&server, &[], Some(("file", &photo)), "image/png, application/json;q=0.5").await;
    assert_eq!(header(&picture, "content-type"), "image/png");
}

#[tokio::test]
async fn what_is_wrong_is_said_in_one_shape() {
    let server = Server::start();
    let photo = photo(5);
    let picture = Some(("file", photo.as_slice()));
    for (fields, file, status, code) in [
        (&[("border", "0")][..], None, 400, "missing_image"),
        (&[("border", "10")], Some(("image", photo.as_slice())), 400, "missing_image"),
        (&[("border", "wide")], picture, 400, "invalid_field"),
        (&[("border", "-1")], picture, 400, "invalid_field"),
        (&[("border", "501")], picture, 400, "invalid_field"),
        (&[("border", "5"), ("border", "6")], picture, 400, "invalid_field"),
        (&[("border_color", "whitish")], picture, 400, "invalid_field"),
        (&[("border_style", "dotted")], picture, 400, "invalid_field"),
        (&[("quality", "80")], picture, 400, "invalid_field"),
        (&[], Some(("file", b"this is no picture".as_slice())), 415, "not_a_picture"),
        (&[], Some(("file", &photo[..photo.len() / 2])), 422, "corrupt_picture"),
    ] {
        check_error(send(&server, fields, file, "*/*").await, status, code).await;
    }
    let get = client().get(server.at("/api/remove-bg")).send().await.unwrap();
    check_error(get, 405, "method_not_allowed").await;
}

async fn check_error(answer: Response, status: u16, code: &str) {
    let got = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert_eq!((got, body["code"].as_str()), (status, Some(code)), "{body}");
    assert_eq!(body, json!({ "success": false, "error": body["error"], "code": code }));
    assert!(body["error"].as_str().is_some_and(|error| error.len() > 5), "{body}");
}
