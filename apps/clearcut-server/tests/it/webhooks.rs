//! Webhooks: signed, tried again, guarded, and no harm to anybody else.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use reqwest::RequestBuilder;
use ring::hmac;
use serde_json::{Value, json};

use crate::{
    support::{Server, client, photo},
    told::{ended, refusal},
};

const KEY: &str = "a key for webhooks";

/// A message as it arrived.
struct Message {
    signature: String,
    body: String,
}

/// A receiver that answers each message with the next status, and the last one again and again; 0 for no answer.
fn receiver(statuses: &'static [u16]) -> (String, Receiver<Message>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?secret=1", listener.local_addr().unwrap());
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let Some(message) = read(&mut stream) else { continue };
            if send.send(message).is_err() {
                return;
            }
            match statuses[number.min(statuses.len() - 1)] {
                0 => held.push(stream),
                status => {
                    let _ = write!(stream, "HTTP/1.1 {status} x\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n");
                }
            }
        }
    });
    (url, receive)
}

fn read(stream: &mut TcpStream) -> Option<Message> {
    let mut text = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        text.extend_from_slice(&piece[..read]);
        let request = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        if body.len() >= header("content-length")?.parse::<usize>().unwrap() {
            assert_eq!(header("content-type").as_deref(), Some("application/json"));
            assert!(head.starts_with("POST /hook?secret=1 "), "{head}");
            return Some(Message { signature: header("x-clearcut-signature")?, body: body.to_owned() });
        }
    }
}

fn server() -> Server {
    Server::start_with(|settings| {
        settings.fetch.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        settings.jobs.webhook_key = Some(KEY.to_owned().into());
        settings.jobs.backoff = Duration::from_millis(1);
        settings.jobs.webhook_timeout = Duration::from_millis(200);
        settings.jobs.webhook_attempts = 3;
    })
}

async fn send(request: RequestBuilder) -> String {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 202);
    answer.json::<Value>().await.unwrap()["job_id"].as_str().unwrap().to_owned()
}

fn job(server: &Server, hook: &str, photo: Vec<u8>) -> RequestBuilder {
    let url = reqwest::Url::parse_with_params(&server.at("/v1/jobs"), [("webhook_url", hook)]).unwrap();
    client().post(url).body(photo)
}

fn next(messages: &Receiver<Message>) -> Message {
    tokio::task::block_in_place(|| messages.recv_timeout(Duration::from_mins(1))).expect("a message")
}

/// The metrics, once they have this line.
async fn metrics_with(server: &Server, line: &str) -> String {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let metrics = client().get(server.at("/metrics")).send().await.unwrap().text().await.unwrap();
        if metrics.contains(line) {
            return metrics;
        }
        assert!(Instant::now() < deadline, "no {line} in\n{metrics}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_job_is_told_and_signed() {
    let server = server();
    let (hook, messages) = receiver(&[204]);
    let photo = photo(1);
    for (photo, status) in [(photo.clone(), "done"), (photo[..photo.len() / 2].to_vec(), "failed")] {
        let id = send(job(&server, &hook, photo)).await;
        let message = next(&messages);
        let told: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!((&told["job_id"], &told["status"]), (&json!(id), &json!(status)), "{told}");
        let known = ended(&server, &id).await;
        assert_eq!((&told["result"], &told["error"]), (&known["result"], &known["error"]));
        let (t, signature) = message.signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, KEY.as_bytes());
        let expected = hmac::sign(&key, format!("{t}.{}", message.body).as_bytes());
        let hex = expected.as_ref().iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        assert_eq!(signature, hex);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_not_taken_is_sent_again() {
    let server = server();
    let (hook, messages) = receiver(&[500, 302, 200]);
    send(job(&server, &hook, photo(1))).await;
    let bodies = [(); 3].map(|()| next(&messages).body);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    let metrics = metrics_with(&server, "clearcut_webhooks_total{outcome=\"taken\"} 1").await;
    assert!(metrics.contains("clearcut_webhooks_total{outcome=\"refused\"} 2"), "{metrics}");
    assert!(messages.try_recv().is_err(), "it was taken, and the redirect was not followed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_costs_a_bounded_time_and_no_result() {
    let server = server();
    let (hook, messages) = receiver(&[0]);
    let id = send(job(&server, &hook, photo(1))).await;
    for _ in 0..3 {
        next(&messages);
    }
    assert_eq!(ended(&server, &id).await["status"], "done");
    metrics_with(&server, "clearcut_webhooks_total{outcome=\"refused\"} 3").await;
    let other = send(client().post(server.at("/v1/jobs")).body(photo(2))).await;
    assert_eq!(ended(&server, &other).await["status"], "done");
}

#[tokio::test]
async fn addresses_that_may_not_be_fetched_from_are_not_sent_to() {
    let server = Server::start_with(|settings| settings.jobs.webhook_key = Some(KEY.to_owned().into()));
    for hook in ["http://127.0.0.1/", "http://169.254.169.254/", "http://localhost/", "file:///etc/passwd", "nonsense"]
    {
        assert_eq!(refusal(job(&server, hook, photo(1))).await, (400, "url_refused".to_owned()), "{hook}");
    }
}
