//! The real program in a process of its own.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
};

/// The program without anything of this process's environment, in a folder of its own.
pub fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clearcut-server"));
    command.env_clear().current_dir(folder).env("CLEARCUT_CACHE_FOLDER", folder.join("cache"));
    command
}

/// A running server.
pub struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
    /// What it logged so far.
    pub lines: Vec<String>,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

impl Running {
    pub fn start(folder: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_as(folder, &[], environment, "listens on http://")
    }

    /// With a command; it runs when it logs its address, behind `announcement`, which ends with `http://`.
    pub fn start_as(folder: &Path, command: &[&str], environment: &[(&str, &str)], announcement: &str) -> Self {
        let mut child = program(folder)
            .args(["--port", "0"])
            .args(command)
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut running = Self { child, log, lines: Vec::new(), address: String::new() };
        let line = running.line_with(announcement);
        let after = line.split_once("http://").unwrap().1;
        running.address = after.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect();
        running
    }

    /// Reads the log up to a line with `part`.
    pub fn line_with(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.log.read_line(&mut line).unwrap();
            assert!(read > 0, "no `{part}` in the log:\n{}", self.lines.concat());
            self.lines.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    pub fn get(&self, target: &str, headers: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        write!(connection, "GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends `body` without anything around it; the status line and the headers of the answer.
    pub fn post(&self, target: &str, headers: &str, body: &[u8]) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(connection, "POST {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n")
            .unwrap();
        write!(connection, "{headers}\r\n").unwrap();
        connection.write_all(body).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(answer.len());
        String::from_utf8_lossy(&answer[..head]).into_owned()
    }

    /// Tells it to stop, as a service manager would.
    pub fn tell_to_stop(&self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// Ends it at once, as the kernel would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to stop and waits: its exit code and all that it logged.
    pub fn stop(mut self) -> (i32, String) {
        self.tell_to_stop();
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code().unwrap(), self.lines.concat() + &rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
