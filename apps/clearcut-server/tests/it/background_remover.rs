//! The Background Remover API as its clients call it.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clearcut_image::{Limits, Picture, decode};
use clearcut_server::settings::Preset;
use clearcut_server::trust::limits::{Call, Limit};
use reqwest::{
    Response, StatusCode,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::support::{Server, client, photo};

async fn upload(server: &Server, path: &str, fields: &[(&str, &str)], photo: &[u8]) -> Response {
    let mut form = Form::new().part("file", Part::bytes(photo.to_vec()).file_name("photo.png"));
    for (name, value) in fields {
        form = form.text((*name).to_owned(), (*value).to_owned());
    }
    client().post(server.at(path)).multipart(form).send().await.unwrap()
}

async fn send_json(server: &Server, path: &str, body: &Value) -> Response {
    client().post(server.at(path)).json(body).send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers()[name].to_str().unwrap()
}

fn decoded(bytes: &[u8]) -> Picture {
    decode(bytes, &Limits::default()).unwrap().picture
}

#[tokio::test]
async fn a_download_is_a_png_unless_something_else_is_asked_for() {
    let server = Server::start();
    let photo = photo(1);
    let answer = upload(&server, "/remove-background", &[], &photo).await;
    assert_eq!((answer.status(), header(&answer, "content-type")), (StatusCode::OK, "image/png"));
    assert_eq!(header(&answer, "content-disposition"), "attachment; filename=\"background-removed.png\"");
    assert_eq!(header(&answer, "x-optimization-used"), "false");
    assert_eq!(header(&answer, "x-original-size"), photo.len().to_string());
    let optimized_bytes = header(&answer, "x-optimized-size").to_owned();
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(optimized_bytes, bytes.len().to_string());
    let picture = decoded(&bytes);
    assert_eq!((picture.width_px(), picture.height_px(), picture.is_opaque()), (240, 160, false));
}

#[tokio::test]
async fn a_jpeg_is_progressive_and_subsampled_on_white() {
    let server = Server::start();
    let answer = upload(&server, "/remove-background", &[("format", "JPEG"), ("quality", "85")], &photo(2)).await;
    assert_eq!(header(&answer, "content-type"), "image/jpeg");
    assert_eq!(header(&answer, "content-disposition"), "attachment; filename=\"background-removed.jpg\"");
    assert_eq!(header(&answer, "x-optimization-used"), "true");
    let bytes = answer.bytes().await.unwrap();
    // The frame: length, precision, height, width, components, and of the first one its id and sampling.
    let frame = bytes.windows(2).position(|marker| marker == [0xff, 0xc2]).expect("a progressive frame");
    assert_eq!(bytes[frame + 11], 0x22, "4:2:0");
    let picture = decoded(&bytes);
    let corner = &picture.rgba()[..4];
    assert!(corner.iter().all(|channel| *channel > 250), "the background is white, not {corner:?}");
}

#[tokio::test]
async fn a_preview_is_shown_inline_and_a_webp_keeps_its_transparency() {
    let server = Server::start();
    let fields = [("format", "webp"), ("quality", "70"), ("max_width", "120")];
    let answer = upload(&server, "/remove-background-preview", &fields, &photo(3)).await;
    assert_eq!((answer.status(), header(&answer, "content-type")), (StatusCode::OK, "image/webp"));
    assert_eq!(header(&answer, "content-disposition"), "inline; filename=\"background-removed.webp\"");
    let bytes = answer.bytes().await.unwrap();
    assert!(bytes.windows(4).any(|tag| tag == b"VP8 "), "lossy");
    let picture = decoded(&bytes);
    assert_eq!((picture.width_px(), picture.height_px(), picture.is_opaque()), (120, 80, false));
}

#[tokio::test]
async fn results_are_shrunk_and_never_enlarged() {
    let server = Server::start();
    let photo = photo(4);
    for (fields, size) in [
        (&[("max_width", "4000"), ("max_height", "4000")][..], (240, 160)),
        (&[("max_height", "100")], (150, 100)),
        (&[("max_width", "200"), ("max_height", "100")], (150, 100)),
        (&[("max_width", "100"), ("max_height", "4000")], (100, 67)),
    ] {
        let answer = upload(&server, "/remove-background", fields, &photo).await;
        let got = (header(&answer, "x-width").parse().unwrap(), header(&answer, "x-height").parse().unwrap());
        assert_eq!(got, size, "{fields:?}");
    }
}

#[tokio::test]
async fn base64_in_is_base64_out_in_the_documented_shape() {
    let server = Server::start();
    let photo = photo(5);
    let data_url = format!("data:image/png;base64,{}", STANDARD.encode(&photo));
    let asked = json!({ "image": data_url, "format": "JPEG", "quality": 80, "max_width": 120, "max_height": 900 });
    let answer = send_json(&server, "/remove-background-base64", &asked).await;
    assert_eq!((answer.status(), header(&answer, "content-type")), (StatusCode::OK, "application/json"));
    assert_eq!(header(&answer, "x-optimization-used"), "true");
    let body: Value = answer.json().await.unwrap();
    let bytes = STANDARD.decode(body["image"].as_str().unwrap()).unwrap();
    let percent = ((1.0 - bytes.len() as f64 / photo.len() as f64) * 100.0).round();
    let expected = json!({
        "success": true, "image": body["image"], "mimetype": "image/jpeg", "size": bytes.len(),
        "optimization": {
            "format": "JPEG", "quality": 80, "dimensions": "120x80", "compression_ratio": format!("{percent}%"),
        },
    });
    assert_eq!(body, expected);
    assert_eq!(decoded(&bytes).width_px(), 120);

    let plain = json!({ "image": STANDARD.encode(&photo), "max_width": null });
    let body: Value = send_json(&server, "/remove-background-base64", &plain).await.json().await.unwrap();
    assert_eq!(body["optimization"]["format"], "PNG");
    assert_eq!(body["optimization"]["dimensions"], "240x160");
}

#[tokio::test]
async fn presets_are_built_in_or_configured_and_single_fields_go_first() {
    let server = Server::start_with(|settings| {
        let preset = |name: &str, format: &str, quality| Preset {
            name: name.to_owned(),
            format: format.to_owned(),
            quality,
            max_width: Some(100),
            max_height: None,
        };
        settings.results.presets = vec![preset("tiny", "JPEG", 10), preset("desktop", "PNG", 90)];
    });
    let image = STANDARD.encode(photo(6));
    for (preset, more, format, quality, dimensions) in [
        ("mobile", json!({}), "WEBP", 70, "240x160"),
        ("thumbnail", json!({}), "WEBP", 60, "240x160"),
        ("tiny", json!({}), "JPEG", 10, "100x67"),
        ("desktop", json!({}), "PNG", 90, "100x67"),
        ("tiny", json!({ "format": "WEBP", "quality": 50, "max_width": 150 }), "WEBP", 50, "150x100"),
    ] {
        let mut asked = json!({ "image": image, "preset": preset });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body: Value = send_json(&server, "/remove-background-base64", &asked).await.json().await.unwrap();
        let did = &body["optimization"];
        assert_eq!(
            (did["format"].as_str(), did["quality"].as_u64(), did["dimensions"].as_str()),
            (Some(format), Some(quality), Some(dimensions)),
            "{preset} {body}"
        );
    }
    let asked = json!({ "image": image, "preset": "huge" });
    let details = "Preset must be one of tiny, desktop, mobile, thumbnail";
    check_optimization_error(send_json(&server, "/remove-background-base64", &asked).await, details).await;
}

#[tokio::test]
async fn optimizations_out_of_range_are_refused_as_documented() {
    let server = Server::start();
    let photo = photo(7);
    for (field, value, details) in [
        ("quality", "9", "Quality must be between 10-100"),
        ("quality", "101", "Quality must be between 10-100"),
        ("quality", "high", "Quality must be between 10-100"),
        ("quality", "99999999999999999999", "Quality must be between 10-100"),
        ("max_width", "99", "Max width must be between 100-4000"),
        ("max_width", "4001", "Max width must be between 100-4000"),
        ("max_height", "-200", "Max height must be between 100-4000"),
        ("max_height", "", "Max height must be between 100-4000"),
        ("format", "GIF", "Format must be one of PNG, JPEG, WEBP"),
    ] {
        for path in ["/remove-background", "/remove-background-preview"] {
            check_optimization_error(upload(&server, path, &[(field, value)], &photo).await, details).await;
        }
        let asked = json!({ "image": STANDARD.encode(&photo), field: value });
        check_optimization_error(send_json(&server, "/remove-background-base64", &asked).await, details).await;
    }
}

async fn check_optimization_error(answer: Response, details: &str) {
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    let expected = json!({
        "error": "Invalid optimization parameters",
        "solution": "Please check format, quality, and dimension values",
        "details": details,
    });
    assert_eq!((status, body), (StatusCode::BAD_REQUEST, expected));
}

#[tokio::test]
async fn every_error_says_what_why_and_what_to_do() {
    let server = Server::start_with(|settings| settings.load.max_upload_bytes = 100_000);
    let large = vec![0; 200_000];
    for (path, bytes, status) in [
        ("/remove-background", b"this is no picture".as_slice(), 415),
        ("/remove-background-preview", b"", 400),
        ("/remove-background", &large, 413),
    ] {
        check_error(upload(&server, path, &[], bytes).await, status).await;
    }
    check_error(upload(&server, "/remove-background", &[("interlace", "true")], &photo(8)).await, 400).await;
    let base64 = "/remove-background-base64";
    check_error(send_json(&server, base64, &json!({})).await, 400).await;
    check_error(send_json(&server, base64, &json!({ "image": "%%%" })).await, 400).await;
    check_error(send_json(&server, base64, &json!([1])).await, 400).await;
    check_error(send_json(&server, "/read-file", &json!({})).await, 400).await;
    for path in ["/remove-background", "/remove-background-preview", base64, "/read-file"] {
        check_error(client().get(server.at(path)).send().await.unwrap(), 405).await;
    }
}

async fn check_error(answer: Response, status: u16) {
    assert_eq!(answer.status().as_u16(), status);
    let body: Value = answer.json().await.unwrap();
    let said = |field: &str| body[field].as_str().is_some_and(|text| text.len() > 5);
    assert!(said("error") && said("solution") && said("details"), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
}

#[tokio::test]
async fn each_call_has_its_own_limit() {
    let server = Server::start_with(|settings| {
        let limit = |calls| Limit { calls, per: std::time::Duration::from_hours(1) };
        settings.limits.calls = vec![(Call::RemoveBackground, limit(1)), (Call::Preview, limit(2))];
    });
    let photo = photo(9);
    let first = upload(&server, "/remove-background", &[], &photo).await;
    assert_eq!((header(&first, "x-ratelimit-limit"), header(&first, "x-ratelimit-remaining")), ("1", "0"));
    assert!(header(&first, "x-ratelimit-reset").parse::<u64>().unwrap() > 1_700_000_000);
    let second = upload(&server, "/remove-background", &[], &photo).await;
    assert!(second.headers().contains_key("retry-after"));
    check_error(second, 429).await;
    let preview = upload(&server, "/remove-background-preview", &[], &photo).await;
    assert_eq!((header(&preview, "x-ratelimit-limit"), header(&preview, "x-ratelimit-remaining")), ("2", "1"));
}

#[tokio::test]
async fn a_file_is_read_from_the_output_folder() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = folder.path().join("outputs");
    fs::create_dir_all(outputs.join("2026")).unwrap();
    let picture = photo(10);
    fs::write(outputs.join("inside.png"), &picture).unwrap();
    fs::write(outputs.join("2026/deep %2e.png"), &picture).unwrap();
    let configured = outputs.clone();
    let server = Server::start_with(move |settings| settings.results.output_folder = Some(configured));
    let absolute = outputs.join("inside.png").to_str().unwrap().to_owned();
    for path in ["inside.png", "./inside.png", "2026/deep %2e.png", "2026//./deep %2e.png", &absolute] {
        for field in ["file_path", "path"] {
            let answer = send_json(&server, "/read-file", &json!({ field: path })).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            let expected = json!({
                "success": true, "image": STANDARD.encode(&picture), "mimetype": "image/png", "size": picture.len(),
            });
            assert_eq!(answer.json::<Value>().await.unwrap(), expected, "{path}");
        }
    }
}

#[tokio::test]
async fn without_an_output_folder_no_file_is_read() {
    let server = Server::start();
    check_error(send_json(&server, "/read-file", &json!({ "file_path": "inside.png" })).await, 403).await;
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_outside_of_the_output_folder_is_ever_read() {
    use std::os::unix::{fs::symlink, net::UnixListener};

    let folder = tempfile::tempdir().unwrap();
    let outputs = folder.path().join("outputs");
    let beside = folder.path().join("outputs-secret");
    fs::create_dir_all(outputs.join("sub")).unwrap();
    fs::create_dir_all(&beside).unwrap();
    let picture = photo(11);
    let secret = beside.join("secret.png");
    fs::write(&secret, &picture).unwrap();
    fs::write(folder.path().join("secret.png"), &picture).unwrap();
    fs::write(outputs.join("inside.png"), &picture).unwrap();
    fs::write(outputs.join("notes.txt"), "no picture").unwrap();
    fs::write(outputs.join("large.png"), vec![0; 300_000]).unwrap();
    symlink(&secret, outputs.join("link.png")).unwrap();
    symlink("inside.png", outputs.join("link-inside.png")).unwrap();
    symlink("../outputs-secret", outputs.join("linked")).unwrap();
    symlink("/", outputs.join("root")).unwrap();
    symlink("loop", outputs.join("loop")).unwrap();
    symlink("sub", outputs.join("linked-sub")).unwrap();
    fs::write(outputs.join("sub/inside.png"), &picture).unwrap();
    fs::hard_link(&secret, outputs.join("hard.png")).unwrap();
    let _socket = UnixListener::bind(outputs.join("socket")).unwrap();
    let absolute = |path: &Path| path.to_str().unwrap().to_owned();
    let (configured, long) = (outputs.clone(), "a/".repeat(3000));
    let server = Server::start_with(move |settings| {
        settings.results.output_folder = Some(configured);
        settings.load.max_upload_bytes = 200_000;
    });

    for (path, status) in [
        ("../secret.png", 403),
        ("sub/../../secret.png", 403),
        ("sub/../inside.png", 403),
        ("./../secret.png", 403),
        ("..", 403),
        ("../outputs-secret/secret.png", 403),
        ("../outputs/inside.png", 403),
        ("..\\secret.png", 403),
        ("sub\\..\\..\\secret.png", 403),
        ("C:\\secret.png", 403),
        ("%2e%2e/secret.png", 404),
        ("%2e%2e%2fsecret.png", 404),
        ("..%2fsecret.png", 404),
        ("..%c0%afsecret.png", 404),
        ("%252e%252e/secret.png", 404),
        ("\u{2024}\u{2024}/secret.png", 404),
        ("\u{ff0e}\u{ff0e}/secret.png", 404),
        ("..\u{2215}secret.png", 404),
        ("file:///etc/passwd", 404),
        ("~/secret.png", 404),
        ("$HOME/secret.png", 404),
        ("....//secret.png", 404),
        ("inside.png\0.txt", 403),
        ("../secret.png\0", 403),
        ("/etc/passwd", 403),
        ("//etc/passwd", 403),
        ("/proc/self/environ", 403),
        (&absolute(&secret), 403),
        (&format!("{}/../secret.png", absolute(&outputs)), 403),
        (&format!("{}-secret/secret.png", absolute(&outputs)), 403),
        ("link.png", 403),
        ("link-inside.png", 403),
        ("linked/secret.png", 403),
        ("linked-sub/inside.png", 403),
        ("root/etc/passwd", 403),
        ("loop", 403),
        ("hard.png", 403),
        ("socket", 403),
        ("sub", 403),
        (".", 403),
        ("", 403),
        (" ", 403),
        ("inside.png/", 200),
        ("inside.png/more", 404),
        ("missing.png", 404),
        (&long, 404),
        ("large.png", 413),
        ("notes.txt", 415),
    ] {
        let answer = send_json(&server, "/read-file", &json!({ "file_path": path })).await;
        if status == 200 {
            // A slash at the end changes nothing.
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            continue;
        }
        assert_eq!(answer.status().as_u16(), status, "{path:?}");
        let body = answer.text().await.unwrap();
        assert!(!body.contains("image\""), "{path:?}");
        assert!(!body.contains(folder.path().to_str().unwrap()), "an error tells where the folder is: {body}");
    }
}
