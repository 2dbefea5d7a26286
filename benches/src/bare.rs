//! What actix-web can do at best: a handler that answers with bytes it holds, and nothing around it.

use std::{fs, path::Path};

use actix_web::{
    App, HttpResponse, HttpServer,
    web::{self, Bytes},
};
use anyhow::{Context, Result};

/// Serves `file` at `/` on loopback until the process ends, with a worker for each core, as our server does.
pub fn serve(file: &Path, port: u16) -> Result<()> {
    let bytes = Bytes::from(fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
    let server = HttpServer::new(move || {
        let bytes = bytes.clone();
        let answer = move || {
            let bytes = bytes.clone();
            async move { HttpResponse::Ok().content_type("image/png").body(bytes) }
        };
        App::new().route("/", web::get().to(answer))
    })
    .workers(std::thread::available_parallelism()?.get())
    .bind(("127.0.0.1", port))?;
    actix_web::rt::System::new().block_on(server.run()).context("the bare server ended")
}
