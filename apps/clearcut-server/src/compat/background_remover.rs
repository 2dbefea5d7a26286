//! The Background Remover API: four calls that cut out, optimize, and read results back.

mod optimization;
mod output_file;
mod refusal;

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, http::header, web};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use self::{optimization::Optimization, refusal::Refusal};
use crate::{
    answer::Answer,
    failure::{Code, Failure},
    form::Upload,
    trust::limits::Call,
    visit::Visit,
};

/// Mounts the calls.
pub fn routes(config: &mut web::ServiceConfig) {
    for (path, route) in [
        ("/remove-background", web::post().to(download)),
        ("/remove-background-preview", web::post().to(preview)),
        ("/remove-background-base64", web::post().to(base64)),
        ("/read-file", web::post().to(read_file)),
    ] {
        config.service(web::resource(path).route(route).default_service(web::to(wrong_verb)));
    }
}

/// A finished cut-out in JSON.
#[derive(Debug, Serialize)]
struct Optimized {
    success: bool,
    /// The picture in base64.
    image: String,
    mimetype: String,
    /// Bytes of the picture.
    size: usize,
    optimization: OptimizationReport,
}

/// What the optimization did.
#[derive(Debug, Serialize)]
struct OptimizationReport {
    format: &'static str,
    quality: u8,
    /// `WIDTHxHEIGHT`.
    dimensions: String,
    /// By how much the file is smaller than the upload: `78%`.
    compression_ratio: String,
}

/// A file of the output folder in JSON.
#[derive(Debug, Serialize)]
struct FileContent {
    success: bool,
    /// The file in base64.
    image: String,
    mimetype: &'static str,
    /// Its bytes.
    size: usize,
}

/// `POST /remove-background`: the picture as a download.
async fn download(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Refusal> {
    picture(&request, payload, Call::RemoveBackground, "attachment").await
}

/// `POST /remove-background-preview`: the picture to be shown.
async fn preview(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Refusal> {
    picture(&request, payload, Call::Preview, "inline").await
}

/// `POST /remove-background-base64`: JSON in, JSON out.
async fn base64(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Refusal> {
    let visit = Visit::begin(&request, Call::Base64).await?;
    let mut form = visit.read(&request, payload).await?;
    let upload = form.take_base64("image")?.ok_or_else(|| missing("image"))?;
    let optimization = Optimization::take(&mut form, &visit.service().settings.results.presets)?;
    form.finish()?;
    let answer = optimize(&visit, &upload, &optimization).await?;
    let mut response = response(&optimization);
    answer.headers(&mut response);
    let cutout = &answer.cutout;
    Ok(response.json(Optimized {
        success: true,
        image: STANDARD.encode(&cutout.bytes),
        mimetype: cutout.media_type.clone(),
        size: cutout.bytes.len(),
        optimization: OptimizationReport {
            format: optimization.format.as_str(),
            quality: optimization.quality,
            dimensions: format!("{}x{}", cutout.width_px, cutout.height_px),
            compression_ratio: reduction(answer.original_bytes, cutout.bytes.len()),
        },
    }))
}

/// `POST /read-file`: a picture of the output folder.
async fn read_file(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Refusal> {
    let visit = Visit::begin(&request, Call::ReadFile).await?;
    let mut form = visit.read(&request, payload).await?;
    let path = match form.take("file_path")? {
        Some(path) => path,
        None => form.take("path")?.ok_or_else(|| Failure::field("send the file's path as `file_path`"))?,
    };
    form.finish()?;
    let service = visit.service();
    let limits = *service.engine.limits();
    let Some(folder) = service.settings.results.output_folder.clone() else {
        let detail = "reading files is not switched on here; configure an output folder";
        return Err(Failure::new(Code::Forbidden, detail).into());
    };
    let read = web::block(move || output_file::read(&folder, &path, &limits)).await;
    let picture = read.map_err(|_| Failure::internal("the thread that reads files is gone"))??;
    let mut response = HttpResponse::Ok();
    if let Some(rate) = &visit.rate {
        rate.headers(&mut response);
    }
    Ok(response.json(FileContent {
        success: true,
        image: STANDARD.encode(&picture.bytes),
        mimetype: picture.media_type,
        size: picture.bytes.len(),
    }))
}

async fn wrong_verb() -> Result<HttpResponse, Refusal> {
    Err(Failure::wrong_method("POST").into())
}

async fn picture(
    request: &HttpRequest,
    payload: web::Payload,
    call: Call,
    disposition: &str,
) -> Result<HttpResponse, Refusal> {
    let visit = Visit::begin(request, call).await?;
    let mut form = visit.read(request, payload).await?;
    let upload = form.take_upload("file")?.ok_or_else(|| missing("file"))?;
    let optimization = Optimization::take(&mut form, &visit.service().settings.results.presets)?;
    form.finish()?;
    let answer = optimize(&visit, &upload, &optimization).await?;
    let mut response = response(&optimization);
    let file_name = format!("{disposition}; filename=\"background-removed.{}\"", optimization.format.extension());
    response.insert_header((header::CONTENT_DISPOSITION, file_name));
    Ok(answer.picture(response))
}

async fn optimize(visit: &Visit, upload: &Upload, optimization: &Optimization) -> Result<Answer, Refusal> {
    let answer = visit.cut_out(upload, &optimization.plan()).await?;
    let (original_bytes, optimized_bytes) = (answer.original_bytes, answer.cutout.bytes.len());
    tracing::info!(
        original_bytes,
        optimized_bytes,
        "image optimized: {} smaller",
        reduction(original_bytes, optimized_bytes)
    );
    Ok(answer)
}

fn response(optimization: &Optimization) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header(("X-Optimization-Used", if optimization.asked { "true" } else { "false" }));
    response
}

fn missing(field: &str) -> Failure {
    Failure::new(Code::MissingImage, format!("the field `{field}` is missing"))
}

/// By how much `after` is smaller than `before`; below zero if it is larger.
fn reduction(before: u64, after: usize) -> String {
    let percent = (1.0 - after as f64 / before.max(1) as f64) * 100.0;
    // No minus before a zero.
    format!("{}%", percent.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::reduction;

    #[test]
    fn a_reduction_is_a_whole_percentage_of_the_upload() {
        assert_eq!(reduction(2_100_000, 450_000), "79%");
        assert_eq!(reduction(1000, 220), "78%");
        assert_eq!(reduction(1000, 1000), "0%");
        assert_eq!(reduction(1000, 1004), "0%");
        assert_eq!(reduction(1000, 1500), "-50%");
        assert_eq!(reduction(0, 10), "-900%");
    }
}
