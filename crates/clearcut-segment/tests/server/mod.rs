//! An HTTP server that answers by a script, one connection per request.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One answer: its head, what follows, and where the connection breaks off.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<String>,
    body: Vec<u8>,
    with_length: bool,
    cut_after: usize,
}

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    headers: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), with_length: true, cut_after: usize::MAX }
    }

    pub fn whole(body: &[u8]) -> Self {
        Self { body: body.to_vec(), ..Self::status(200) }
    }

    pub fn partial(whole: &[u8], from: usize) -> Self {
        let range = format!("content-range: bytes {from}-{}/{}", whole.len() - 1, whole.len());
        Self { headers: vec![range], body: whole[from..].to_vec(), ..Self::status(206) }
    }

    pub fn redirect(path: &str) -> Self {
        Self { headers: vec![format!("location: {path}")], ..Self::status(302) }
    }

    pub fn etag(mut self, etag: &str) -> Self {
        self.headers.push(format!("etag: {etag}"));
        self
    }

    pub fn cut_after(self, bytes: usize) -> Self {
        Self { cut_after: bytes, ..self }
    }

    pub fn without_length(self) -> Self {
        Self { with_length: false, ..self }
    }

    async fn send(self, mut to: TcpStream) -> std::io::Result<()> {
        let length = self.with_length.then(|| format!("content-length: {}", self.body.len()));
        let first = [format!("HTTP/1.1 {} scripted", self.status), "connection: close".to_owned()];
        let head = first.into_iter().chain(self.headers).chain(length).collect::<Vec<_>>().join("\r\n");
        to.write_all(format!("{head}\r\n\r\n").as_bytes()).await?;
        to.write_all(&self.body[..self.body.len().min(self.cut_after)]).await?;
        to.shutdown().await
    }
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    async fn receive(from: &mut TcpStream) -> Option<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(from.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).ok()?;
        let mut lines = head.lines();
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned()));
        Some(Self { path, headers: headers.collect() })
    }
}

impl Server {
    /// Answers in this order, then refuses every connection.
    pub async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let mut answers: VecDeque<Answer> = answers.into_iter().collect();
        tokio::spawn(async move {
            while let Some(answer) = answers.pop_front() {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                if let Some(request) = Request::receive(&mut stream).await {
                    seen.lock().expect("unpoisoned").push(request);
                    // The client may hang up first: that is its right.
                    let _ = answer.send(stream).await;
                }
            }
        });
        Self { address, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("unpoisoned").clone()
    }
}
