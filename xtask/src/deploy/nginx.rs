//! The site, by `nginx -t` with either upstream and a certificate of a minute ago.

use anyhow::Result;

use super::{Outcome, Tools, path, tools};
use crate::process;

/// The upstream of a machine of its own, and that of the compose network, whose name nobody knows here.
const UPSTREAMS: [(&str, &str); 2] =
    [("nginx/upstream.conf", "127.0.0.1:8080"), ("compose/upstream.conf", "server:8080")];

/// Of the real site: ports that only root may open, and an address family that not every machine has.
const LISTENERS: [(&str, &str); 4] = [
    ("listen 80;", "listen 127.0.0.1:18080;"),
    ("listen [::]:80;", ""),
    ("listen 443 ssl", "listen 127.0.0.1:18443 ssl"),
    ("listen [::]:443 ssl http2;", ""),
];

pub fn check(_: &Tools) -> Result<Outcome> {
    let (Some(nginx), Some(openssl)) = (tools::on_path("nginx"), tools::on_path("openssl")) else {
        return Ok(Outcome::without("nginx or no openssl"));
    };
    let folder = tools::empty_folder("nginx")?;
    let place = folder.display();
    let mut certificate = process::program(openssl);
    certificate.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]);
    certificate.arg("-keyout").arg(folder.join("privkey.pem")).arg("-out").arg(folder.join("fullchain.pem"));
    process::output(&mut certificate)?;

    let site = tools::read(&path("nginx/clearcut.conf"))?;
    let site = tools::replaced(&site, "/etc/clearcut/tls/", &format!("{place}/"))?;
    let site = LISTENERS.iter().try_fold(site, |site, (from, to)| tools::replaced(&site, from, to))?;
    for (upstream, address) in UPSTREAMS {
        let upstream = tools::replaced(&tools::read(&path(upstream))?, address, "127.0.0.1:8080")?;
        let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {place}/{kind};\n"))
            .concat();
        let config =
            format!("pid {place}/nginx.pid; events {{}}\nhttp {{ access_log off;\n{paths}{upstream}\n{site}\n}}\n");
        let file = folder.join("nginx.conf");
        tools::write(&file, &config)?;
        let mut command = process::program(&nginx);
        process::run(command.args(["-q", "-t", "-e", "stderr", "-p"]).arg(&folder).arg("-c").arg(&file))?;
    }
    Ok(Outcome::Checked)
}
