//! A server that keeps to the wire and misbehaves as it is told. Its cut-out of a picture is the picture itself.

use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
    thread::{self, JoinHandle},
};

/// What a call is answered in place of the truth, once.
pub enum Fault {
    /// Status, `Retry-After`, and the problem's code.
    Problem(u16, Option<u32>, &'static str),
    /// The connection ends when the call has been read.
    Cut,
    /// The connection ends in the middle of the answer.
    Torn,
}

/// What was handed in.
#[derive(Clone)]
pub struct Handed {
    pub picture: Vec<u8>,
    pub fields: Vec<(String, String)>,
}

/// What the server knows, and what it was asked.
#[derive(Default)]
pub struct Memory {
    /// All that was ever handed in.
    pub handed: Vec<Handed>,
    /// Calls by method and kind: `POST jobs`, `GET jobs`, `GET results`.
    pub calls: HashMap<&'static str, usize>,
    /// The keys that were shown, by kind of call.
    pub keys: Vec<(&'static str, Option<String>)>,
    /// How many of the jobs, in the order in which they came, are done; the others wait.
    pub released: usize,
    /// Where results are said to be; here if empty.
    pub results_at: String,
    faults: HashMap<&'static str, VecDeque<Fault>>,
    /// Jobs that are still known.
    jobs: HashMap<String, usize>,
}

pub struct StandIn {
    address: SocketAddr,
    memory: Arc<Mutex<Memory>>,
    accepting: Option<JoinHandle<()>>,
}

impl StandIn {
    /// A server that does every job at once.
    pub fn start() -> Self {
        let memory = Arc::new(Mutex::new(Memory { released: usize::MAX, ..Memory::default() }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = Some(accept(listener, &memory));
        Self { address, memory, accepting }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap()
    }

    /// The next calls of a kind are answered like this.
    pub fn will(&self, call: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.memory().faults.entry(call).or_default().extend(faults);
    }

    /// Goes away, as a process that was killed: nobody listens, and its jobs are forgotten.
    pub fn leave(&mut self) {
        let accepting = self.accepting.take().unwrap();
        self.memory().jobs = HashMap::from([(AWAY.to_owned(), 0)]);
        // The listener is waiting for somebody.
        drop(TcpStream::connect(self.address));
        accepting.join().unwrap();
        self.memory().jobs.clear();
    }

    /// Listens again, where it was.
    pub fn come_back(&mut self) {
        self.accepting = Some(accept(TcpListener::bind(self.address).unwrap(), &self.memory));
    }
}

impl Memory {
    pub fn called(&self, call: &str) -> usize {
        self.calls.get(call).copied().unwrap_or_default()
    }
}

/// A job of this name says that the server is to leave.
const AWAY: &str = "away";

fn accept(listener: TcpListener, memory: &Arc<Mutex<Memory>>) -> JoinHandle<()> {
    let memory = Arc::clone(memory);
    thread::spawn(move || {
        loop {
            let Ok((connection, _)) = listener.accept() else { continue };
            if memory.lock().unwrap().jobs.contains_key(AWAY) {
                return;
            }
            let memory = Arc::clone(&memory);
            // A client that was killed hangs up in the middle.
            thread::spawn(move || drop(serve(&connection, &memory)));
        }
    })
}

fn serve(connection: &TcpStream, memory: &Mutex<Memory>) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    let mut head = Vec::new();
    while reader.read_line(&mut line)? > 2 {
        head.push(line.trim_end().to_owned());
        line.clear();
    }
    let header = |name: &str| {
        let found =
            head.iter().filter_map(|line| line.split_once(": ")).find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned())
    };
    let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body)?;
    let Some((method, rest)) = head.first().and_then(|first| first.split_once(' ')) else { return Ok(()) };
    let path = rest.split(' ').next().unwrap();
    let call = match (method, path.split('/').nth(2)) {
        ("POST", _) => "POST jobs",
        (_, Some("jobs")) => "GET jobs",
        _ => "GET results",
    };
    let mut memory = memory.lock().unwrap();
    *memory.calls.entry(call).or_default() += 1;
    memory.keys.push((call, header("x-api-key")));
    let fault = memory.faults.get_mut(call).and_then(VecDeque::pop_front);
    if matches!(fault, Some(Fault::Cut)) {
        return connection.shutdown(Shutdown::Both);
    }
    let (status, more, answer) = match &fault {
        Some(Fault::Problem(status, retry, code)) => {
            let retry = retry.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
            (*status, retry, format!(r#"{{"code":"{code}","detail":"told to say {code}"}}"#).into_bytes())
        }
        _ => truth(&mut memory, call, path, &body, header("content-type").as_deref()),
    };
    drop(memory);
    let length = answer.len();
    let sent = if fault.is_some_and(|fault| matches!(fault, Fault::Torn)) { length / 2 } else { length };
    let mut to = connection;
    write!(to, "HTTP/1.1 {status} told\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n")?;
    to.write_all(&answer[..sent])?;
    connection.shutdown(Shutdown::Write)
}

fn truth(
    memory: &mut Memory,
    call: &str,
    path: &str,
    body: &[u8],
    content_type: Option<&str>,
) -> (u16, String, Vec<u8>) {
    let id = path.rsplit('/').next().unwrap();
    let json = "content-type: application/json\r\n".to_owned();
    let unknown = || (404, json.clone(), br#"{"code":"job_unknown","detail":"no such job"}"#.to_vec());
    match call {
        "POST jobs" => {
            let at = memory.handed.len();
            memory.handed.push(Handed::read(body, content_type.unwrap()));
            let id = format!("job-{at}");
            memory.jobs.insert(id.clone(), at);
            (202, json, format!(r#"{{"job_id":"{id}","status_url":"/v1/jobs/{id}"}}"#).into_bytes())
        }
        "GET jobs" => {
            let Some(&at) = memory.jobs.get(id) else { return unknown() };
            let end = if at >= memory.released {
                r#""status":"queued","progress":0,"message":"in line""#.to_owned()
            } else if memory.handed[at].picture.starts_with(b"\x89PNG") {
                format!(r#""status":"done","progress":100,"result_url":"{}/v1/results/{id}""#, memory.results_at)
            } else {
                r#""status":"failed","error":{"code":"not_a_picture","detail":"this is text"}"#.to_owned()
            };
            (200, json, format!(r#"{{"job_id":"{id}",{end}}}"#).into_bytes())
        }
        _ => {
            let at: usize = id.strip_prefix("job-").unwrap().parse().unwrap();
            match memory.handed.get(at) {
                Some(handed) => (200, "content-type: image/png\r\n".to_owned(), handed.picture.clone()),
                None => unknown(),
            }
        }
    }
}

impl Handed {
    /// A multipart body, as the client is known to write it.
    fn read(body: &[u8], content_type: &str) -> Self {
        let boundary = format!("--{}", content_type.split_once("boundary=").unwrap().1);
        let mut handed = Self { picture: Vec::new(), fields: Vec::new() };
        let mut rest = body;
        while let Some(at) = find(rest, b"\r\n\r\n") {
            let head = String::from_utf8(rest[..at].to_vec()).unwrap();
            let name = head.split("name=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
            let content = &rest[at + 4..];
            let end = find(content, format!("\r\n{boundary}").as_bytes()).unwrap();
            if name == "image" {
                handed.picture = content[..end].to_vec();
            } else {
                handed.fields.push((name, String::from_utf8(content[..end].to_vec()).unwrap()));
            }
            rest = &content[end + 2 + boundary.len()..];
        }
        handed
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
