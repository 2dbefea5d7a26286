//! An HTTP server that answers by a script: one that interrupts, lies and redirects.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

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
    /// Path and query.
    pub path: String,
    headers: Vec<(String, String)>,
}

/// A server on a loopback port of its own, for one connection a request.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Answer {
    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), with_length: true, cut_after: usize::MAX }
    }

    /// All of it, with status 200.
    pub fn whole(body: &[u8]) -> Self {
        Self { body: body.to_vec(), ..Self::status(200) }
    }

    /// What follows on `from`, with status 206.
    ///
    /// # Panics
    ///
    /// If `from` lies behind the end.
    pub fn partial(whole: &[u8], from: usize) -> Self {
        let range = format!("content-range: bytes {from}-{}/{}", whole.len() - 1, whole.len());
        Self { headers: vec![range], body: whole[from..].to_vec(), ..Self::status(206) }
    }

    /// A redirect to `location` with status 302.
    pub fn redirect(location: &str) -> Self {
        Self { headers: vec![format!("location: {location}")], ..Self::status(302) }
    }

    /// Adds an entity tag, quotes included.
    #[must_use]
    pub fn etag(mut self, etag: &str) -> Self {
        self.headers.push(format!("etag: {etag}"));
        self
    }

    /// Breaks the connection off after so many bytes of the body.
    #[must_use]
    pub fn cut_after(self, bytes: usize) -> Self {
        Self { cut_after: bytes, ..self }
    }

    /// Does not tell the body's length.
    #[must_use]
    pub fn without_length(self) -> Self {
        Self { with_length: false, ..self }
    }

    fn send(self, to: &mut TcpStream) -> io::Result<()> {
        let length = self.with_length.then(|| format!("content-length: {}", self.body.len()));
        let first = [format!("HTTP/1.1 {} scripted", self.status), "connection: close".to_owned()];
        let head = first.into_iter().chain(self.headers).chain(length).collect::<Vec<_>>().join("\r\n");
        to.write_all(format!("{head}\r\n\r\n").as_bytes())?;
        to.write_all(&self.body[..self.body.len().min(self.cut_after)])?;
        to.shutdown(Shutdown::Write)
    }
}

impl Request {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn receive(from: &TcpStream) -> Option<Self> {
        let mut lines = BufReader::new(from).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let headers = lines.filter_map(|line| line.split_once(": ").map(|(n, v)| (n.to_lowercase(), v.to_owned())));
        Some(Self { path, headers: headers.collect() })
    }
}

impl ScriptedServer {
    /// Answers in this order, then refuses every connection.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    pub fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let mut answers: VecDeque<Answer> = answers.into_iter().collect();
        std::thread::spawn(move || {
            while let Some(answer) = answers.pop_front() {
                let Ok((mut stream, _)) = listener.accept() else { return };
                if let Some(request) = Request::receive(&stream) {
                    seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                    // The client may hang up first: that is its right.
                    let _ = answer.send(&mut stream);
                }
            }
        });
        Self { address, requests }
    }

    /// The URL of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was asked for until now.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn answers_come_in_order_and_break_off_as_told() {
        let server = ScriptedServer::start([Answer::status(404), Answer::partial(b"abcdef", 2).cut_after(3)]);
        let ask = |head: &str| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        assert!(ask("GET /a HTTP/1.1\r\nRange: bytes=2-\r\n\r\n").starts_with("HTTP/1.1 404 "));
        let partial = ask("GET /b HTTP/1.1\r\n\r\n");
        assert!(partial.contains("content-range: bytes 2-5/6\r\ncontent-length: 4\r\n\r\ncde"), "{partial}");
        let requests = server.requests();
        assert_eq!((requests[0].path.as_str(), requests[0].header("range")), ("/a", Some("bytes=2-")));
        assert_eq!((requests[1].path.as_str(), requests[1].header("range")), ("/b", None));
    }
}
