//! `/admin/session`: signing in and out.

use actix_web::{HttpRequest, HttpResponse, cookie::Cookie, http::header, web};
use serde::Serialize;

use super::sessions::{COOKIE, OWN_CALL, StoreDown, is_own};
use crate::{
    failure::{Code, Failure, Outcome},
    routes::method_not_allowed,
    service::Service,
    trust::{admin::admin, keys::Role},
    visit,
};

/// Mounts the calls.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/admin/session")
            .route(web::get().to(session))
            .route(web::post().to(sign_in))
            .route(web::delete().to(sign_out))
            .default_service(method_not_allowed("GET, POST, DELETE")),
    );
}

/// Who is signed in.
#[derive(Debug, Serialize)]
struct Session {
    signed_in: bool,
    /// Of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What there is to know before signing in.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl Session {
    fn answer(&self) -> HttpResponse {
        HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(self)
    }
}

/// Says who is signed in. Nobody is no error: the page asks this first.
async fn session(request: HttpRequest, service: web::Data<Service>) -> HttpResponse {
    let message = match service.sessions.find(&request).await {
        Ok(Some(holder)) => return Session { signed_in: true, name: Some(holder.name), message: None }.answer(),
        Ok(None) if !service.keys.has(Role::Admin) => Some("There is no admin key yet.".to_owned()),
        Ok(None) => None,
        Err(error) => {
            tracing::warn!(%error, "a session counts as signed out");
            Some("Sessions cannot be looked up at the moment: their store does not answer.".to_owned())
        }
    };
    Session { signed_in: false, name: None, message }.answer()
}

/// Begins a session with an admin key in `X-Api-Key`.
async fn sign_in(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    let holder = admin(&request, &service).await?;
    if visit::shown_key(&request).is_none() {
        return Err(Failure::new(Code::Unauthorized, "send an admin key in the header X-Api-Key"));
    }
    let cookie = service.sessions.begin(&request, &holder).await.map_err(|error| match error.downcast() {
        Ok(down) => store_down(&down),
        Err(error) => Failure::internal(error),
    })?;
    tracing::info!(key.id = holder.id, "signed in on the admin page");
    let mut response = Session { signed_in: true, name: Some(holder.name), message: None }.answer();
    response.add_cookie(&cookie).map_err(Failure::internal)?;
    Ok(response)
}

/// Ends the session.
async fn sign_out(request: HttpRequest, service: web::Data<Service>) -> Outcome<HttpResponse> {
    if !is_own(&request) {
        let (name, value) = OWN_CALL;
        return Err(Failure::new(Code::Forbidden, format!("send the header {name}: {value}")));
    }
    service.sessions.end(&request).await.map_err(|down| store_down(&down))?;
    let mut gone = Cookie::build(COOKIE, "").path("/").http_only(true).finish();
    gone.make_removal();
    Ok(HttpResponse::NoContent().insert_header((header::CACHE_CONTROL, "no-store")).cookie(gone).finish())
}

fn store_down(down: &StoreDown) -> Failure {
    tracing::warn!(error = %down, "the store of the sessions does not answer");
    Failure::new(Code::Unavailable, "the store of the sessions does not answer; try again in a moment")
}
