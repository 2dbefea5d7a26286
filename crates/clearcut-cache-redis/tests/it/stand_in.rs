//! What Upstash does with a request, in front of a private Redis.

use std::sync::{
    Arc,
    atomic::{AtomicU16, AtomicUsize, Ordering},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::StatusCode, web};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clearcut_cache_redis::RedisConnection;
use fred::{
    interfaces::ClientLike,
    types::{ClusterHash, CustomCommand, Resp3Frame},
};
use serde_json::{Value, json};

/// A REST server for one Redis.
pub struct StandIn {
    address: std::net::SocketAddr,
    behavior: Arc<Behavior>,
    handle: ServerHandle,
}

#[derive(Default)]
struct Behavior {
    /// Answered instead of doing anything, where it is not 0.
    status: AtomicU16,
    requests: AtomicUsize,
    longest_request_bytes: AtomicUsize,
}

struct State {
    redis: RedisConnection,
    behavior: Arc<Behavior>,
}

impl StandIn {
    pub const TOKEN: &str = "AXOP-stand-in";
    /// What Upstash takes.
    const REQUEST_LIMIT_BYTES: usize = 10_000_000;

    pub fn start(redis: &RedisConnection) -> Self {
        let behavior = Arc::new(Behavior::default());
        let state = web::Data::new(State { redis: redis.clone(), behavior: Arc::clone(&behavior) });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .app_data(web::PayloadConfig::new(2 * Self::REQUEST_LIMIT_BYTES))
                .route("/", web::post().to(command))
                .route("/pipeline", web::post().to(pipeline))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, behavior, handle }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers every request with `status` from now on; `None` ends it.
    pub fn refuse_with(&self, status: Option<u16>) {
        self.behavior.status.store(status.unwrap_or(0), Ordering::SeqCst);
    }

    pub fn requests(&self) -> usize {
        self.behavior.requests.load(Ordering::SeqCst)
    }

    pub fn longest_request_bytes(&self) -> usize {
        self.behavior.longest_request_bytes.load(Ordering::SeqCst)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // Sent when called; what it returns only waits.
        drop(self.handle.stop(false));
    }
}

async fn command(request: HttpRequest, body: web::Bytes, state: web::Data<State>) -> HttpResponse {
    if let Some(refusal) = refusal(&request, &body, &state) {
        return refusal;
    }
    match run(&request, &state, &serde_json::from_slice::<Vec<_>>(&body).unwrap()).await {
        Ok(result) => HttpResponse::Ok().json(json!({ "result": result })),
        Err(error) => HttpResponse::BadRequest().json(json!({ "error": error })),
    }
}

async fn pipeline(request: HttpRequest, body: web::Bytes, state: web::Data<State>) -> HttpResponse {
    if let Some(refusal) = refusal(&request, &body, &state) {
        return refusal;
    }
    let commands: Vec<Vec<Value>> = serde_json::from_slice(&body).unwrap();
    let mut replies = Vec::new();
    for command in &commands {
        replies.push(match run(&request, &state, command).await {
            Ok(result) => json!({ "result": result }),
            Err(error) => json!({ "error": error }),
        });
    }
    HttpResponse::Ok().json(replies)
}

fn refusal(request: &HttpRequest, body: &[u8], state: &State) -> Option<HttpResponse> {
    state.behavior.requests.fetch_add(1, Ordering::SeqCst);
    state.behavior.longest_request_bytes.fetch_max(body.len(), Ordering::SeqCst);
    let status = match state.behavior.status.load(Ordering::SeqCst) {
        0 if header(request, "authorization") != Some(&format!("Bearer {}", StandIn::TOKEN)) => 401,
        0 if body.len() > StandIn::REQUEST_LIMIT_BYTES => 413,
        0 => return None,
        status => status,
    };
    let reason = json!({ "error": format!("stand-in refuses with {status}") });
    Some(HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(reason))
}

async fn run(request: &HttpRequest, state: &State, command: &[Value]) -> Result<Value, String> {
    let words: Vec<String> = command.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
    let name = CustomCommand::new(words[0].clone(), ClusterHash::FirstKey, false);
    let frame = state.redis.commands().custom_raw(name, words[1..].to_vec()).await;
    let base64 = header(request, "upstash-encoding") == Some("base64");
    reply(frame.map_err(|error| error.details().to_owned())?, base64)
}

fn reply(frame: Resp3Frame, base64: bool) -> Result<Value, String> {
    Ok(match frame {
        Resp3Frame::Null => Value::Null,
        Resp3Frame::Number { data, .. } => json!(data),
        Resp3Frame::SimpleString { data, .. } if &data[..] == b"OK" => json!("OK"),
        Resp3Frame::SimpleString { data, .. } | Resp3Frame::BlobString { data, .. } => {
            if base64 {
                json!(STANDARD.encode(data))
            } else {
                json!(String::from_utf8_lossy(&data))
            }
        }
        Resp3Frame::Array { data, .. } => {
            data.into_iter().map(|frame| reply(frame, base64)).collect::<Result<Vec<_>, _>>()?.into()
        }
        Resp3Frame::SimpleError { data, .. } => return Err(data.to_string()),
        other => unimplemented!("{other:?}"),
    })
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
