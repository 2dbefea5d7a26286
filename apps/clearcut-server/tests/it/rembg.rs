//! rembg's wire: `/api/remove` with parameters from query and form.

use clearcut_image::{Limits, Picture, decode};
use reqwest::{
    Response,
    header::HeaderMap,
    multipart::{Form, Part},
};
use serde_json::Value;

use crate::support::{Server, client, photo};

/// Sends a photo as `file`, these fields in the form and this query.
async fn send(server: &Server, query: &str, fields: &[(&'static str, &'static str)], seed: u64) -> Response {
    let form = Form::new().part("file", Part::bytes(photo(seed)).file_name("photo.png"));
    let form = fields.iter().fold(form, |form, (name, value)| form.text(*name, *value));
    client().post(server.at(&format!("/api/remove?{query}"))).multipart(form).send().await.unwrap()
}

async fn picture(answer: Response) -> (Picture, HeaderMap) {
    let headers = answer.headers().clone();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    assert_eq!(headers["content-type"], "image/png");
    let bytes = answer.bytes().await.unwrap();
    (decode(&bytes, &Limits::default()).unwrap().picture, headers)
}

/// The sentence of an answer that must be `FastAPI`'s error.
async fn detail(answer: Response, status: u16) -> String {
    assert_eq!(answer.status(), status);
    let body: Value = answer.json().await.unwrap();
    body["detail"].as_str().unwrap_or_else(|| panic!("a sentence, not {body}")).to_owned()
}

#[tokio::test]
async fn an_upload_comes_back_as_png_with_alpha() {
    let server = Server::start();
    let (cut_out, headers) = picture(send(&server, "", &[], 1).await).await;
    assert_eq!((cut_out.width_px(), cut_out.height_px()), (240, 160));
    assert!(!cut_out.is_opaque());
    assert_eq!(headers["x-model"], "clearcut-s");
}

#[tokio::test]
async fn query_and_form_are_read_alike() {
    let server = Server::start();
    let (by_query, _) = picture(send(&server, "om=true", &[], 2).await).await;
    let (by_form, _) = picture(send(&server, "", &[("om", "true")], 2).await).await;
    assert_eq!(by_query, by_form);
    assert!(by_query.is_opaque());
    assert!(by_query.rgba().as_chunks::<4>().0.iter().all(|[r, g, b, _]| r == g && g == b), "the mask is grey");
}

#[tokio::test]
async fn a_color_stands_behind_the_subject() {
    let server = Server::start();
    for (query, corner) in [
        ("bgc=10,20,30,255", [10, 20, 30, 255]),
        ("bgc=10,20,30,128", [10, 20, 30, 128]),
        ("bgc=10, 20, 30", [10, 20, 30, 255]),
    ] {
        assert_eq!(picture(send(&server, query, &[], 3).await).await.0.pixel(0, 0), corner);
    }
}

#[tokio::test]
async fn a_post_processed_mask_is_hard_unless_matting_softens_it() {
    let server = Server::start();
    let soft =
        |picture: &Picture| picture.rgba().as_chunks::<4>().0.iter().filter(|[.., a]| (1..255).contains(a)).count();
    assert_eq!(soft(&picture(send(&server, "ppm=true", &[], 4).await).await.0), 0);
    assert!(soft(&picture(send(&server, "ppm=true&a=true&af=240&ab=10&ae=10", &[], 4).await).await.0) > 0);
}

#[tokio::test]
async fn a_known_model_is_answered_by_the_loaded_one() {
    let server = Server::start();
    for name in ["u2net", "bria-rmbg", "u2net_human_seg", "clearcut-s"] {
        let query = format!("model={name}&extras={{\"sam_prompt\":[]}}");
        assert_eq!(picture(send(&server, &query, &[], 5).await).await.1["x-model"], "clearcut-s");
    }
}

#[tokio::test]
async fn a_value_that_is_not_understood_is_named() {
    let server = Server::start();
    for query in [
        "model=nosuch",
        "af=256",
        "ab=-1",
        "ae=x",
        "om=maybe",
        "bgc=1,2",
        "bgc=256,0,0,0",
        "extras=[1]",
        "a=true&a=false",
    ] {
        let name = query.split('=').next().unwrap();
        let form = Form::new().part("file", Part::bytes(b"never looked at".to_vec()).file_name("a.png"));
        let request = client().post(server.at(&format!("/api/remove?{query}"))).multipart(form);
        assert!(detail(request.send().await.unwrap(), 400).await.contains(name), "{query}");
    }
}

#[tokio::test]
async fn broken_requests_have_fastapis_shape() {
    let server = Server::start();
    let url = server.at("/api/remove");
    let empty = client().post(&url).multipart(Form::new().text("a", "true")).send().await.unwrap();
    assert!(detail(empty, 400).await.contains("`file`"));
    assert!(detail(client().get(&url).send().await.unwrap(), 400).await.contains("`url`"));
    let private = client().get(format!("{url}?url=http://127.0.0.1:1/a.png")).send().await.unwrap();
    detail(private, 400).await;
    let form = Form::new().part("file", Part::bytes(b"no picture".to_vec()).file_name("a.png"));
    detail(client().post(&url).multipart(form).send().await.unwrap(), 415).await;
    let verb = client().delete(&url).send().await.unwrap();
    assert_eq!(verb.headers()["allow"], "GET, POST");
    assert_eq!(detail(verb, 405).await, "Method Not Allowed");
}
