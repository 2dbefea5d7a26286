//! A headless Chromium that is told over `WebDriver` what to do.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::client;

/// Under which `WebDriver` names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// The longest that a page may need for what a test waits for.
const PATIENCE: Duration = Duration::from_mins(1);

const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// One browser with a profile of its own. Dropping it ends it.
pub struct Browser {
    driver: Driver,
    session: String,
    _profile: TempDir,
}

/// The program between.
struct Driver {
    process: Child,
    url: String,
}

impl Browser {
    /// Starts one, or skips the test loudly.
    ///
    /// # Panics
    ///
    /// If it cannot start; if it is not installed only under `CLEARCUT_REQUIRE_BROWSER=1`.
    pub async fn start_or_skip() -> Option<Self> {
        let Some(driver) = Driver::start() else {
            let required = std::env::var_os("CLEARCUT_REQUIRE_BROWSER").is_some_and(|value| value == "1");
            let missing = "chromedriver is not installed; install it with \
                           `sudo apt-get install -y chromium chromium-driver`";
            assert!(!required, "{missing}");
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            // Not `eprintln!`: the test harness would keep it back, and a skip would look like a pass.
            let _ = writeln!(std::io::stderr(), "\nSKIPPED {test}: {missing}\n");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let arguments: Vec<String> = ARGUMENTS
            .map(str::to_owned)
            .into_iter()
            .chain([format!("--user-data-dir={}", profile.path().display())])
            .collect();
        let options = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "timeouts": { "script": PATIENCE.as_millis() as u64 },
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let answer = driver.post("/session", &options).await;
        let session = format!("/session/{}", answer["sessionId"].as_str().unwrap());
        Some(Self { driver, session, _profile: profile })
    }

    async fn post(&self, call: &str, body: &Value) -> Value {
        self.driver.post(&format!("{}{call}", self.session), body).await
    }

    /// Gives the window a size, in CSS pixels; a narrow one is a phone's.
    pub async fn resize(&self, width_px: u32, height_px: u32) {
        let metrics = json!({
            "width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": width_px < 600,
        });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
        self.post("/goog/cdp/execute", &command).await;
    }

    /// Whether pages see that the user prefers dark ones.
    pub async fn prefer_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.post("/goog/cdp/execute", &json!({ "cmd": "Emulation.setEmulatedMedia", "params": features })).await;
    }

    /// Opens a page and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url })).await;
    }

    /// What a JavaScript expression is.
    pub async fn value(&self, expression: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": format!("return {expression}"), "args": [] })).await
    }

    /// Waits until a JavaScript expression is true or its like, and says what it is.
    pub async fn until(&self, expression: &str) -> Value {
        let script = format!(
            "return new Promise((resolve) => {{
               const look = () => {{
                 const value = {expression};
                 value ? resolve(value) : requestAnimationFrame(look);
               }};
               look();
             }})"
        );
        self.post("/execute/sync", &json!({ "script": script, "args": [] })).await
    }

    /// Types into the element that a CSS selector finds, or chooses files by their paths.
    pub async fn write(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.post(&format!("/element/{element}/value"), &json!({ "text": text })).await;
    }

    /// Clicks where a user would.
    pub async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        self.post(&format!("/element/{element}/click"), &json!({})).await;
    }

    /// Shows the whole page to people, in the folder of the build.
    pub async fn screenshot(&self, name: &str) {
        let command = json!({ "cmd": "Page.captureScreenshot", "params": { "captureBeyondViewport": true } });
        let answer = self.post("/goog/cdp/execute", &command).await;
        let png = STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
        std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png")), png).unwrap();
    }

    /// What the page complained of, but for answers that say no.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" })).await;
        let lines = log.as_array().unwrap().iter();
        lines
            .filter(|line| line["level"] == "SEVERE" && line["source"] != "network")
            .map(|line| line["message"].to_string())
            .collect()
    }

    async fn find(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector })).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }
}

impl Driver {
    fn start() -> Option<Self> {
        let command = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut process = command.ok()?;
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port: u16 = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok())
            .expect("chromedriver says its port");
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { process, url: format!("http://127.0.0.1:{port}") })
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = client().post(format!("{}{path}", self.url)).json(body).timeout(PATIENCE * 2);
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        let value = answer["value"].take();
        assert!(value["error"].is_null(), "{path} {body}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its session; a destructor cannot wait for an answer of the asynchronous client.
        let address = self.driver.url.trim_start_matches("http://");
        let Ok(mut connection) = TcpStream::connect(address) else { return };
        let _ = connection.set_read_timeout(Some(PATIENCE));
        let request = format!("DELETE {} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n", self.session);
        // It is over when the answer begins.
        let _ = connection.write_all(request.as_bytes()).and_then(|()| connection.read(&mut [0; 64]));
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
