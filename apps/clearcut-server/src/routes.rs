//! All routes on one actix application.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError as _, Route,
    web::{self, Data},
};

use crate::{
    compat,
    failure::{Code, Failure},
    native::{self, openapi},
    pages,
    service::Service,
};

/// Mounts all routes. `service` is made once and shared by all workers.
///
/// ```no_run
/// use actix_web::{App, HttpServer, web::Data};
/// use clearcut::Engine;
/// use clearcut_server::{Service, Settings, mount};
///
/// # #[actix_web::main]
/// # async fn main() -> anyhow::Result<()> {
/// let service = Data::new(Service::new(Engine::builder().build()?, Settings::default())?);
/// HttpServer::new(move || App::new().configure(mount(service.clone()))).bind("127.0.0.1:8080")?.run().await?;
/// # Ok(())
/// # }
/// ```
pub fn mount(service: Data<Service>) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        config.app_data(service).configure(native::routes).configure(compat::routes).configure(pages::routes);
    }
}

/// [`mount`] with everything but engine and settings as it is by default.
///
/// # Errors
///
/// Those of [`Service::new`].
pub fn routes(
    engine: clearcut::Engine,
    settings: crate::Settings,
) -> anyhow::Result<impl Fn(&mut web::ServiceConfig) + Clone> {
    let service = Data::new(Service::new(engine, settings)?);
    Ok(move |config: &mut web::ServiceConfig| mount(service.clone())(config))
}

/// What no route answers: 404, or 405 where the path is answered with other verbs.
pub(crate) async fn fallback(request: HttpRequest) -> HttpResponse {
    let resources = request.resource_map();
    if !resources.has_resource(request.path()) {
        let detail = format!("there is nothing at {}; see /docs", shortened(request.path()));
        return Failure::new(Code::NotFound, detail).error_response();
    }
    let allowed = resources.match_pattern(request.path()).and_then(|pattern| openapi::methods(&pattern));
    // Every call that is mounted by its verb is described.
    allowed.map_or_else(|| Failure::new(Code::MethodNotAllowed, "see /docs"), Failure::wrong_method).error_response()
}

/// The default service of a resource: 405 with the verbs that are `allowed`, such as `GET, HEAD`.
pub(crate) fn method_not_allowed(allowed: &'static str) -> Route {
    web::to(move || async move { Failure::wrong_method(allowed).error_response() })
}

fn shortened(path: &str) -> String {
    path.chars().take(100).collect()
}
