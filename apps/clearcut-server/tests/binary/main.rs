//! The program as operators meet it: arguments, settings, exit codes, logs, traces, stopping.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fleet;
mod jobs;
mod program;
mod remote;
mod runtimes;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::Output,
    sync::mpsc,
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use program::{Running, program};

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let folder = TempDir::new().unwrap();
    program(folder.path()).args(arguments).envs(environment.iter().copied()).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn wrong_arguments_and_settings_exit_with_2_and_one_clear_line() {
    for (arguments, environment, expected) in [
        (
            &["--set", "listen.prot=1"][..],
            &[][..],
            "command line: there is no setting `listen.prot`; the nearest one is `listen.port`",
        ),
        (
            &[],
            &[("PORT", "http")],
            "environment variable PORT: `listen.port` must be a number from 0 to 65535, not `http`",
        ),
        (&[], &[("CLEARCUT_LISTEN_PROT", "1")], "the nearest one is `CLEARCUT_LISTEN_PORT`"),
        (&["--config", "missing.toml"], &[], "cannot read missing.toml"),
        (&[], &[("CLEARCUT_CONFIG", "gone.toml")], "cannot read gone.toml"),
        (&["config", "check", "--set", "cache.ttl=0"], &[], "`cache.ttl` must be longer than 0"),
    ] {
        let output = run(arguments, environment);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.starts_with("clearcut-server: ") && stderr.contains(expected), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    assert_eq!(run(&["--nonsense"], &[]).status.code(), Some(2));
    assert_eq!(run(&["--set", "novalue"], &[]).status.code(), Some(2));
}

#[test]
fn a_server_that_cannot_start_exits_with_1_and_says_why() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&["--port", &port], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains(&format!("cannot listen on 127.0.0.1:{port}")), "{}", text(&output.stderr));
}

#[test]
fn config_commands_check_and_show() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("server.toml");
    fs::write(&file, "[listen]\nport = 1\n[cache]\nredis_url = 'redis://:hunter2@redis'\n").unwrap();
    let config = |arguments: &[&str], environment: &[(&str, &str)]| {
        let output = program(folder.path()).args(arguments).envs(environment.iter().copied()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    let file = file.to_str().unwrap();
    let checked = config(&["config", "check", "--config", file], &[("UPLOAD_DIR", "/x")]);
    assert!(checked.contains("UPLOAD_DIR is set and changes nothing") && checked.contains("ok: "), "{checked}");
    let printed = config(&["config", "print"], &[("CLEARCUT_CONFIG", file)]);
    assert!(printed.contains("port = 1\n") && printed.contains("redis_url = \"***\"\n"), "{printed}");
    let json = config(&["config", "print", "--json", "--config", file, "--port", "3"], &[("PORT", "2")]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["listen"]["port"], &json["cache"]["redis_url"]), (&Value::from(3), &Value::from("***")));
    assert!(config(&["config", "print", "--defaults"], &[("PORT", "2")]).contains("port = 8080\n"));
    assert!(config(&["config", "reference"], &[]).starts_with("# Configuration\n"));
    assert!(config(&["--help"], &[]).contains("--set <KEY=VALUE>"));
    serde_json::from_str::<Value>(&config(&["openapi"], &[])).unwrap();
}

#[test]
fn a_server_says_where_it_listens_logs_each_request_once_and_ends_well() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("logs").join("server.log");
    let running = Running::start(folder.path(), &[("LOG_FILE", file.to_str().unwrap()), ("LOG_LEVEL", "DEBUG")]);
    assert!(running.lines.concat().contains("cache: memory, sqlite; API keys: not required"), "{:?}", running.lines);
    let answer = running.get("/no/such/thing?api_key=hunter2", "x-api-key: hunter2\r\nx-request-id: order-17\r\n");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    let (code, log) = running.stop();
    assert_eq!(code, 0, "{log}");
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("answered")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    for part in [
        "method=\"GET\"",
        "route=\"unmatched\"",
        "request_id=order-17",
        "status=404",
        "duration_ms=",
        "bytes=",
        "client.address=127.0.0.1",
    ] {
        assert!(lines[0].contains(part), "no {part} in {}", lines[0]);
    }
    assert!(!log.contains("hunter2"), "{log}");
    assert!(log.contains("stopping"), "{log}");
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains("request_id=order-17") && written.contains("stopping"), "{written}");
    assert!(!written.contains('\u{1b}'), "colors in a file");
}

#[test]
fn json_lines_have_fields() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[("CLEARCUT_SEEING_LOG_JSON", "true")]);
    running.get("/nowhere", "x-request-id: order-18\r\n");
    let (_, log) = running.stop();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let answered = lines.iter().find(|line| line["message"] == "answered").unwrap();
    assert_eq!((&answered["status"], &answered["level"]), (&Value::from(404), &Value::from("INFO")));
    assert_eq!(
        (&answered["span"]["request_id"], &answered["span"]["route"]),
        (&Value::from("order-18"), &Value::from("unmatched"))
    );
}

/// Accepts one request at `address`, answers 200 and gives what came: head and body.
fn collector() -> (String, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let (connection, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(connection);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap()];
        reader.read_exact(&mut body).unwrap();
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        send.send((head, body)).unwrap();
    });
    (address, receive)
}

#[test]
fn a_trace_of_a_request_arrives_at_the_collector_before_the_end() {
    let folder = TempDir::new().unwrap();
    let (address, traces) = collector();
    let running = Running::start(
        folder.path(),
        &[("CLEARCUT_SEEING_OTLP_ENDPOINT", &address), ("LOG_LEVEL", "error,clearcut_server::cli=info")],
    );
    running
        .get("/health/live?secret=hunter2", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n");
    let (code, log) = running.stop();
    assert_eq!(code, 0, "{log}");
    let (head, body) = traces.recv().unwrap();
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("application/x-protobuf"), "{head}");
    let contains = |part: &[u8]| body.windows(part.len()).any(|window| window == part);
    assert!(contains(b"GET /health/live") && contains(b"clearcut-server") && contains(b"http.response.status_code"));
    let client_trace = [0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c];
    assert!(contains(&client_trace), "the client's trace goes on");
    assert!(!contains(b"hunter2"));
}

/// Where a span of this name ends what a protobuf has before the name: the parent's id, and its own before that.
fn before_name<'a>(body: &'a [u8], name: &str) -> &'a [u8] {
    let field = [&[0x2a, name.len() as u8], name.as_bytes()].concat();
    let at = body.windows(field.len()).position(|window| window == field);
    &body[..at.unwrap_or_else(|| panic!("no span `{name}`"))]
}

#[test]
fn stages_are_spans_below_that_of_their_request() {
    let folder = TempDir::new().unwrap();
    let (address, traces) = collector();
    let running = Running::start(
        folder.path(),
        &[("CLEARCUT_SEEING_OTLP_ENDPOINT", &address), ("LOG_LEVEL", "error,clearcut_server::cli=info")],
    );
    let photo = clearcut_testkit::scene::product_photo(240, 160, 1).png();
    let answer =
        running.post("/v1/cutouts", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n", &photo);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (code, log) = running.stop();
    assert_eq!(code, 0, "{log}");
    let (_, body) = traces.recv().unwrap();
    // Two fields of 8 bytes, each with its tag and length: the span's id and its parent's.
    let request = before_name(&body, "POST /v1/cutouts");
    let [before @ .., _, _] = &request[..request.len() - 8] else { panic!("no ids") };
    let id = &before[before.len() - 8..];
    for stage in ["queue", "decode", "segment", "refine", "compose", "encode"] {
        assert!(before_name(&body, stage).ends_with(id), "`{stage}` is not below the request");
    }
}

#[test]
fn a_collector_out_of_reach_is_said_once_and_costs_nothing_else() {
    let folder = TempDir::new().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let running = Running::start(folder.path(), &[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{closed}"))]);
    for _ in 0..3 {
        assert!(running.get("/health/live", "").starts_with("HTTP/1.1 200"));
    }
    let (code, log) = running.stop();
    assert_eq!(code, 0, "{log}");
    assert_eq!(log.matches("traces do not reach the collector").count(), 1, "{log}");
}
