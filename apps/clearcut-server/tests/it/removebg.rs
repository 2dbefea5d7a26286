//! remove.bg's wire: what its clients send, and what they read in the answers.

use std::io::{Cursor, Read as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clearcut_image::{Limits, Picture, decode};
use clearcut_server::trust::limits::{Call, Limit};
use clearcut_testkit::scene;
use reqwest::{
    Response,
    header::HeaderMap,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::support::{Server, client, photo};

const PATH: &str = "/v1.0/removebg";

fn file(bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name("photo.png")
}

/// Sends a photo as `image_file` with these fields.
async fn send(server: &Server, photo: Vec<u8>, fields: &[(&'static str, &'static str)]) -> Response {
    let form = Form::new().part("image_file", file(photo));
    let form = fields.iter().fold(form, |form, (name, value)| form.text(*name, *value));
    client().post(server.at(PATH)).header("x-api-key", "any").multipart(form).send().await.unwrap()
}

/// The decoded picture of an answer that must be one, and its headers.
async fn picture(answer: Response) -> (Picture, HeaderMap) {
    let headers = answer.headers().clone();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    (decoded(&answer.bytes().await.unwrap()), headers)
}

fn decoded(bytes: &[u8]) -> Picture {
    decode(bytes, &Limits::default()).unwrap().picture
}

fn size(picture: &Picture) -> (u32, u32) {
    (picture.width_px(), picture.height_px())
}

/// Status and code of an answer that must be remove.bg's error; its title is what clients show.
async fn error(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    for header in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
        assert!(answer.headers().contains_key(header), "{header} is always there");
    }
    let body: Value = answer.json().await.unwrap();
    let [entry] = &body["errors"].as_array().unwrap()[..] else { panic!("one error, not {body}") };
    assert!(!entry["title"].as_str().unwrap().is_empty(), "{body}");
    (status, entry["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_photo_comes_back_as_png_with_alpha_and_every_header() {
    let server = Server::start();
    let (cut_out, headers) =
        picture(send(&server, photo(1), &[("size", "auto"), ("some_future_field", "1")]).await).await;
    assert_eq!(size(&cut_out), (240, 160));
    assert!(!cut_out.is_opaque());
    for (header, value) in [
        ("content-type", "image/png"),
        ("x-type", "other"),
        ("x-width", "240"),
        ("x-height", "160"),
        ("x-max-width", "240"),
        ("x-max-height", "160"),
        ("x-credits-charged", "0"),
        ("x-ratelimit-limit", "500"),
        ("x-ratelimit-remaining", "499"),
    ] {
        assert_eq!(headers[header], value, "{header}");
    }
    for header in ["top", "left", "width", "height"] {
        let value = headers[format!("x-foreground-{header}")].to_str().unwrap();
        assert!(value.parse::<u32>().unwrap() < 240, "{header} is {value}");
    }
    assert!(headers["x-ratelimit-reset"].to_str().unwrap().parse::<u64>().unwrap() > 1_700_000_000, "unix seconds");
    assert!(!headers.contains_key("retry-after"));
}

#[tokio::test]
async fn every_kind_of_body_is_the_same_request() {
    let server = Server::start();
    let photo = photo(2);
    let (client, url) = (client(), server.at(PATH));
    let base64 = STANDARD.encode(&photo);
    let data_url = format!("data:image/png;base64,{base64}");
    let answers = [
        send(&server, photo.clone(), &[("size", "regular"), ("image_url", ""), ("image_file_b64", "")]).await,
        client.post(&url).form(&[("image_file_b64", base64.as_str()), ("size", "small")]).send().await.unwrap(),
        client.post(&url).json(&json!({ "image_file_b64": base64, "crop": false, "roi": null })).send().await.unwrap(),
        client.post(&url).json(&json!({ "image_file_b64": data_url })).send().await.unwrap(),
    ];
    let mut keys = Vec::new();
    for answer in answers {
        keys.push(picture(answer).await.1["x-cache-key"].clone());
    }
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[tokio::test]
async fn json_is_answered_to_who_accepts_nothing_else() {
    let server = Server::start();
    let ask = async |accept: &'static str| {
        let form = Form::new().part("image_file", file(photo(3)));
        client().post(server.at(PATH)).header("accept", accept).multipart(form).send().await.unwrap()
    };
    let answer = ask("application/json").await;
    let headers = answer.headers().clone();
    let data = answer.json::<Value>().await.unwrap()["data"].clone();
    let cut_out = decoded(&STANDARD.decode(data["result_b64"].as_str().unwrap()).unwrap());
    assert_eq!(size(&cut_out), (240, 160));
    for side in ["top", "left", "width", "height"] {
        let header = headers[format!("x-foreground-{side}")].to_str().unwrap();
        assert_eq!(data[format!("foreground_{side}")].to_string(), header, "{side}");
    }
    // What JavaScript libraries send by default, also where their users want the picture.
    for accept in ["application/json, text/plain, */*", "image/*, application/json", "*/*", "image/png"] {
        assert_eq!(ask(accept).await.headers()["content-type"], "image/png", "{accept}");
    }
}

#[tokio::test]
async fn the_size_bounds_the_result_and_the_headers_tell_the_full_one() {
    let server = Server::start();
    let large = scene::product_photo(900, 600, 4).jpeg(90);
    let (preview, headers) = picture(send(&server, large.clone(), &[]).await).await;
    let pixels = preview.width_px() * preview.height_px();
    assert!((240_000..=250_000).contains(&pixels), "a quarter of a megapixel, not {pixels}");
    assert_eq!((headers["x-max-width"].as_bytes(), headers["x-max-height"].as_bytes()), (&b"900"[..], &b"600"[..]));
    for larger in ["medium", "auto"] {
        let (full, _) = picture(send(&server, large.clone(), &[("size", larger)]).await).await;
        assert_eq!(size(&full), (900, 600), "{larger}");
    }
}

#[tokio::test]
async fn a_zip_holds_colors_and_matte_that_make_the_same_cut_out() {
    let server = Server::start();
    let photo = photo(4);
    let (cut_out, _) = picture(send(&server, photo.clone(), &[("format", "png")]).await).await;
    let answer = send(&server, photo.clone(), &[("format", "zip")]).await;
    assert_eq!(answer.headers()["content-type"], "application/zip");
    let bytes = answer.bytes().await.unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let mut entry = |name: &str| {
        let mut entry = archive.by_name(name).unwrap();
        assert_eq!(entry.compression(), zip::CompressionMethod::Stored, "{name}");
        let mut file = Vec::new();
        entry.read_to_end(&mut file).unwrap();
        file
    };
    let (color, alpha) = (entry("color.jpg"), entry("alpha.png"));
    assert!(color.starts_with(&[0xff, 0xd8]), "a JPEG");
    assert_eq!(alpha[24..26], [8, 0], "clients read the matte as 8-bit grey");
    let (color, alpha) = (decoded(&color), decoded(&alpha));
    let mut worst_sum = 0_u64;
    let mut visible = 0_u64;
    for y in 0..160 {
        for x in 0..240 {
            let [r, g, b, a] = cut_out.pixel(x, y);
            assert_eq!(alpha.pixel(x, y)[0], a, "the matte at {x} {y}");
            if a > 0 {
                let [cr, cg, cb, _] = color.pixel(x, y);
                worst_sum += u64::from(r.abs_diff(cr).max(g.abs_diff(cg)).max(b.abs_diff(cb)));
                visible += 1;
            }
        }
    }
    assert!(worst_sum < visible * 12, "colors differ by {} on average", worst_sum / visible);
}

#[tokio::test]
async fn the_format_follows_from_what_is_asked() {
    let server = Server::start();
    let photo = photo(5);
    for (fields, media) in [
        (&[("bg_color", "fff")][..], "image/jpeg"),
        (&[("bg_color", "81d4fa77")][..], "image/png"),
        (&[("format", "jpg")][..], "image/jpeg"),
        (&[("format", "webp")][..], "image/webp"),
        (&[("bg_color", "transparent")][..], "image/png"),
        (&[("channels", "alpha"), ("bg_color", "red"), ("add_shadow", "true")][..], "image/png"),
    ] {
        let (_, headers) = picture(send(&server, photo.clone(), fields).await).await;
        assert_eq!(headers["content-type"], media, "{fields:?}");
    }
}

#[tokio::test]
async fn colors_are_written_in_many_ways() {
    let server = Server::start();
    let photo = photo(6);
    for (text, rgb) in [
        ("f00", [255, 0, 0]),
        ("#0f0f", [0, 255, 0]),
        ("81d4fa", [0x81, 0xd4, 0xfa]),
        ("#0000ffff", [0, 0, 255]),
        ("green", [0, 128, 0]),
    ] {
        let (result, _) = picture(send(&server, photo.clone(), &[("bg_color", text), ("format", "png")]).await).await;
        assert_eq!(result.pixel(0, 0)[..3], rgb, "{text}");
    }
}

#[tokio::test]
async fn a_picture_stands_behind_the_subject() {
    let server = Server::start();
    let behind = clearcut_image::encode(
        &Picture::filled(50, 50, [12, 200, 90, 255]),
        &clearcut_image::EncodeOptions::new(clearcut_image::OutputFormat::Png),
    );
    let form = Form::new().part("image_file", file(photo(7))).part("bg_image_file", file(behind.unwrap()));
    let form = form.text("format", "png");
    let answer = client().post(server.at(PATH)).multipart(form).send().await.unwrap();
    let (result, _) = picture(answer).await;
    assert_eq!((size(&result), &result.pixel(0, 0)[..3]), ((240, 160), &[12, 200, 90][..]));
}

#[tokio::test]
async fn canvas_parameters_move_the_subject() {
    let server = Server::start();
    let photo = photo(8);
    let left = |headers: &HeaderMap| headers["x-foreground-left"].to_str().unwrap().parse::<u32>().unwrap();
    let width = |headers: &HeaderMap| headers["x-foreground-width"].to_str().unwrap().parse::<u32>().unwrap();
    let (plain, plain_headers) = picture(send(&server, photo.clone(), &[]).await).await;
    let (cropped, headers) =
        picture(send(&server, photo.clone(), &[("crop", "true"), ("crop_margin", "10px 5px")]).await).await;
    assert_eq!(cropped.width_px(), width(&plain_headers) + 10, "five pixels on both sides");
    assert_eq!(left(&headers), 5);
    let (_, uncropped) = picture(send(&server, photo.clone(), &[("crop_margin", "10px")]).await).await;
    assert_eq!(uncropped["x-cache-key"], plain_headers["x-cache-key"], "margins alone change nothing");
    let (scaled, headers) =
        picture(send(&server, photo.clone(), &[("scale", "50%"), ("position", "0% 100%")]).await).await;
    assert_eq!((size(&scaled), left(&headers)), (size(&plain), 0));
    let (inside, headers) = picture(send(&server, photo.clone(), &[("roi", "0% 0% 50% 100%")]).await).await;
    assert_eq!(size(&inside), size(&plain));
    assert!(left(&headers) + width(&headers) <= 120, "nothing outside of the region is a subject");
}

#[tokio::test]
async fn a_hint_is_answered_back_unless_nobody_wants_to_hear_it() {
    let server = Server::start();
    let photo = photo(9);
    let (_, headers) = picture(send(&server, photo.clone(), &[("type", "car")]).await).await;
    assert_eq!(headers["x-type"], "car");
    let (_, headers) = picture(send(&server, photo.clone(), &[("type", "car"), ("type_level", "none")]).await).await;
    assert!(!headers.contains_key("x-type"));
}

#[tokio::test]
async fn a_shadow_is_drawn_for_the_old_and_the_new_parameter_alike() {
    let server = Server::start();
    let photo = photo(10);
    let key = async |fields: &[(&'static str, &'static str)]| {
        picture(send(&server, photo.clone(), fields).await).await.1["x-cache-key"].clone()
    };
    let none = key(&[]).await;
    let old = key(&[("add_shadow", "true")]).await;
    assert_ne!(none, old);
    assert_eq!(key(&[("shadow_type", "drop")]).await, old);
    assert_eq!(key(&[("shadow_type", "none"), ("add_shadow", "true")]).await, none);
    assert_eq!(key(&[("shadow_opacity", "80")]).await, none, "an opacity alone throws no shadow");
    assert_ne!(key(&[("shadow_type", "car"), ("shadow_opacity", "80")]).await, old);
}

#[tokio::test]
async fn a_value_that_is_not_understood_is_an_invalid_parameter() {
    let server = Server::start();
    let photo = photo(11);
    for (name, value) in [
        ("size", "huge"),
        ("format", "bmp"),
        ("type", "cloud"),
        ("type_level", "3"),
        ("roi", "1 2 3"),
        ("roi", "0px 0px 241px 10px"),
        ("roi", "10px 10px 10px 90px"),
        ("crop", "maybe"),
        ("crop_margin", "1px 2px 3px"),
        ("crop_margin", "501px"),
        ("crop_margin", "51%"),
        ("scale", "5%"),
        ("position", "somewhere"),
        ("channels", "rgb"),
        ("bg_color", "notacolor"),
        ("shadow_type", "long"),
        ("shadow_opacity", "101"),
        ("semitransparency", "perhaps"),
        ("bg_image_url", "http://127.0.0.1:1/a.png"),
    ] {
        let refusal = error(send(&server, photo.clone(), &[(name, value)]).await).await;
        assert_eq!(refusal, (400, "invalid_parameter".to_owned()), "{name}={value}");
    }
}

#[tokio::test]
async fn exactly_one_picture_is_wanted() {
    let server = Server::start();
    let photo = photo(12);
    let url = server.at(PATH);
    let none = client().post(&url).form(&[("size", "auto")]).send().await.unwrap();
    assert_eq!(error(none).await, (400, "missing_source".to_owned()));
    let empty = client().post(&url).form(&[("image_url", ""), ("image_file_b64", "")]).send().await.unwrap();
    assert_eq!(error(empty).await, (400, "missing_source".to_owned()));
    let two = send(&server, photo.clone(), &[("image_url", "https://example.com/a.png")]).await;
    assert_eq!(error(two).await, (400, "invalid_parameter".to_owned()));
    let backgrounds =
        send(&server, photo.clone(), &[("bg_color", "red"), ("bg_image_url", "https://example.com/a.png")]).await;
    assert_eq!(error(backgrounds).await, (400, "invalid_parameter".to_owned()));
}

#[tokio::test]
async fn pictures_that_give_no_cut_out_say_why() {
    let server = Server::start_with(|settings| settings.load.max_upload_bytes = 40 << 20);
    let flat = Picture::filled(120, 80, [128, 128, 128, 255]);
    let options = clearcut_image::EncodeOptions::new(clearcut_image::OutputFormat::Png);
    let flat = clearcut_image::encode(&flat, &options).unwrap();
    assert_eq!(error(send(&server, flat, &[]).await).await, (400, "unknown_foreground".to_owned()));
    assert_eq!(error(send(&server, b"no picture".to_vec(), &[]).await).await, (400, "invalid_parameter".to_owned()));
    let mut torn = photo(13);
    torn.truncate(torn.len() / 2);
    assert_eq!(error(send(&server, torn, &[]).await).await, (400, "invalid_parameter".to_owned()));
    assert_eq!(error(send(&server, vec![0; 23 << 20], &[]).await).await, (400, "file_too_large".to_owned()));
}

#[tokio::test]
async fn broken_requests_have_the_same_shape() {
    let server = Server::start();
    let url = server.at(PATH);
    let json = client().post(&url).header("content-type", "application/json").body("{\"image_url\":").send();
    assert_eq!(error(json.await.unwrap()).await, (400, "invalid_parameter".to_owned()));
    let torn =
        client().post(&url).header("content-type", "multipart/form-data; boundary=b").body("--b\r\nConte").send();
    assert_eq!(error(torn.await.unwrap()).await, (400, "invalid_parameter".to_owned()));
    let doubled = send(&server, photo(14), &[("size", "auto"), ("size", "hd")]).await;
    assert_eq!(error(doubled).await, (400, "invalid_parameter".to_owned()));
    let base64 = client().post(&url).form(&[("image_file_b64", "%%%")]).send().await.unwrap();
    assert_eq!(error(base64).await, (400, "invalid_parameter".to_owned()));
    let verb = client().get(&url).send().await.unwrap();
    assert_eq!(verb.headers()["allow"], "POST");
    assert_eq!(error(verb).await, (405, "method_not_allowed".to_owned()));
}

#[tokio::test]
async fn a_key_is_asked_for_where_the_operator_wants_one() {
    let server = Server::start_with(|settings| settings.access.require_key = true);
    let ask = async |path: &'static str, key: Option<&'static str>| {
        let request = if path == PATH { client().post(server.at(path)) } else { client().get(server.at(path)) };
        let request = key.into_iter().fold(request, |request, key| request.header("x-api-key", key));
        error(request.send().await.unwrap()).await
    };
    for path in [PATH, "/v1.0/account"] {
        assert_eq!(ask(path, None).await, (403, "auth_failed".to_owned()), "{path}");
        assert_eq!(ask(path, Some("wrong")).await, (403, "invalid_api_key".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_limit_is_told_in_headers_and_by_429() {
    let server = Server::start_with(|settings| {
        let limit = Limit { calls: 1, per: std::time::Duration::from_hours(1) };
        settings.limits.calls.push((Call::RemoveBg, limit));
    });
    let photo = photo(15);
    let first = send(&server, photo.clone(), &[]).await;
    assert_eq!((first.status().as_u16(), first.headers()["x-ratelimit-limit"].as_bytes()), (200, &b"1"[..]));
    assert_eq!(first.headers()["x-ratelimit-remaining"], "0");
    let second = send(&server, photo.clone(), &[]).await;
    let wait: u64 = second.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait} s");
    assert_eq!(error(second).await, (429, "rate_limit_exceeded".to_owned()));
}

#[tokio::test]
async fn an_account_has_credits() {
    let server = Server::start();
    let answer = client().get(server.at("/v1.0/account")).header("x-api-key", "any").send().await.unwrap();
    let attributes = answer.json::<Value>().await.unwrap()["data"]["attributes"].clone();
    assert!(attributes["credits"]["total"].as_u64().unwrap() > 0);
    for field in ["subscription", "payg", "enterprise"] {
        assert!(attributes["credits"][field].is_u64(), "{field}");
    }
    assert_eq!(attributes["api"]["sizes"], "all");
    assert!(attributes["api"]["free_calls"].as_u64().unwrap() > 0);
}
