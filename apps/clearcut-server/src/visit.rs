//! The way of one request: who asks, how often, is there room, what came, what is answered.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use actix_web::{HttpRequest, http::header, web};
use bytes::Bytes;
use clearcut::{ContentDigest, Plan};

use crate::{
    answer::Answer,
    failure::{Code, Failure, Outcome},
    form::{Form, Upload},
    load::{Held, Place},
    service::Service,
    trust::{
        address,
        keys::{Holder, Role},
        limits::{Call, Decision},
    },
};

/// One request that has been let in: its caller is known, its limit counted, its place taken.
///
/// Dropped with the handler's future, so a client that leaves frees its place.
#[derive(Debug)]
pub struct Visit {
    service: web::Data<Service>,
    /// Who asks, if they showed a key.
    pub holder: Option<Arc<Holder>>,
    /// From where.
    pub address: IpAddr,
    /// What is left of the call's limit, where it has one.
    pub rate: Option<Decision>,
    call: Call,
    started: Instant,
    _place: Place,
    /// Room of the pictures that were fetched for this request.
    fetched: Mutex<Vec<Held>>,
}

impl Visit {
    /// Lets a request in, before anything of its body is read.
    ///
    /// # Errors
    ///
    /// [`Code::Unauthorized`], [`Code::RateLimited`], [`Code::QuotaExceeded`], [`Code::TooLarge`] and [`Code::Busy`].
    pub async fn begin(request: &HttpRequest, call: Call) -> Outcome<Self> {
        Self::enter(request, call, expected_bytes).await
    }

    /// Lets a request in whose body has many pictures that are read one by one: it holds one of them at a time.
    ///
    /// # Errors
    ///
    /// Those of [`Visit::begin`], but for [`Code::TooLarge`].
    pub(crate) async fn begin_many(request: &HttpRequest, call: Call) -> Outcome<Self> {
        let one = |_: &HttpRequest, service: &Service| Ok(service.settings.load.max_upload_bytes * 2);
        Self::enter(request, call, one).await
    }

    async fn enter(
        request: &HttpRequest,
        call: Call,
        expected_bytes: impl FnOnce(&HttpRequest, &Service) -> Outcome<u64>,
    ) -> Outcome<Self> {
        let started = Instant::now();
        let service = request
            .app_data::<web::Data<Service>>()
            .cloned()
            .ok_or_else(|| Failure::internal("the service was not mounted"))?;
        let address = address::client(request, &service.settings.access.trusted_proxies);
        let holder = authenticate(request, &service)?;
        let rate = count(&service, call, holder.as_deref(), address).await?;
        let expected_bytes = expected_bytes(request, &service)?;
        let place = service.room.admit(expected_bytes)?;
        Ok(Self { service, holder, address, rate, call, started, _place: place, fetched: Mutex::default() })
    }

    /// Counts one more picture of a request that has several.
    pub(crate) async fn count_picture(&self) -> Outcome<()> {
        count(&self.service, self.call, self.holder.as_deref(), self.address).await.map(drop)
    }

    /// What all requests share.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Which call it is.
    pub fn call(&self) -> Call {
        self.call
    }

    /// When it began.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Reads the body: multipart, form, JSON or the picture itself; fields of the query are in front.
    pub async fn read(&self, request: &HttpRequest, payload: web::Payload) -> Outcome<Form> {
        Form::read(request, payload, &self.service.settings).await
    }

    /// Fetches the picture behind a URL, within the limits of an upload.
    pub async fn fetch(&self, url: &str) -> Outcome<Upload> {
        let limit_bytes = self.service.settings.load.max_upload_bytes;
        // The request was let in by the length of its body, which is a URL.
        let held = self.service.room.hold(limit_bytes)?;
        let bytes = self.service.fetcher.fetch(url, limit_bytes).await?;
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner).push(held);
        Ok(Upload::new(bytes))
    }

    /// Cuts the subject out, and counts and logs how it went.
    pub async fn cut_out(&self, upload: &Upload, plan: &Plan) -> Outcome<Answer> {
        self.cut_out_hashed(upload.bytes.clone(), upload.digest, plan).await
    }

    async fn cut_out_hashed(&self, bytes: Bytes, digest: ContentDigest, plan: &Plan) -> Outcome<Answer> {
        let original_bytes = bytes.len() as u64;
        let began = Instant::now();
        let result = self.service.engine.remove_hashed(bytes, digest, plan).await;
        self.service.metrics.cut_out(&result, began.elapsed());
        match result {
            Ok(cutout) => Ok(Answer::new(cutout, original_bytes, self.rate)),
            Err(error) => {
                tracing::info!(
                    cache.key = %self.service.engine.key(&digest, plan),
                    code = error.kind().code(), %error, "no cut-out"
                );
                Err(error.into())
            }
        }
    }
}

/// The holder of the key that the request shows.
pub(crate) fn authenticate(request: &HttpRequest, service: &Service) -> Outcome<Option<Arc<Holder>>> {
    let Some(key) = shown_key(request) else {
        if service.settings.access.require_key {
            return Err(Failure::new(Code::Unauthorized, "send your API key in the header X-Api-Key"));
        }
        return Ok(None);
    };
    match service.keys.find(key)? {
        Some(holder) => Ok(Some(Arc::new(holder))),
        // Clients of hosted services always send a key; a server that asks for none takes any.
        None if !service.settings.access.require_key && !service.keys.has(Role::User) => Ok(None),
        None => Err(Failure::new(Code::Unauthorized, "this API key is not known here; ask the operator for one")),
    }
}

/// `X-Api-Key`, or a bearer token.
pub fn shown_key(request: &HttpRequest) -> Option<&str> {
    let headers = request.headers();
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    text(header::HeaderName::from_static("x-api-key"))
        .or_else(|| text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")))
        .filter(|key| !key.is_empty())
}

/// Counts a call for its holder, or for its address.
pub(crate) async fn count(
    service: &Service,
    call: Call,
    holder: Option<&Holder>,
    address: IpAddr,
) -> Outcome<Option<Decision>> {
    let subject = holder.map_or_else(|| address::limit_subject(address), |holder| holder.id.clone());
    let mut state = None;
    if let Some(limit) = service.settings.limits.of(call) {
        let decision = service.limiter.check(call.as_str(), &subject, limit).await;
        if !decision.allowed {
            service.metrics.rate_limited(call);
            let detail = format!("at most {} of these calls in {:?}; try again later", limit.calls, limit.per);
            return Err(Failure::new(Code::RateLimited, detail).retry_after(decision.retry_after).with_rate(decision));
        }
        state = Some(decision);
    }
    if let Some(quota) = holder.and_then(Holder::quota) {
        let decision = service.limiter.check("quota", &subject, quota).await;
        if !decision.allowed {
            service.metrics.rate_limited(call);
            let detail = format!("this key's quota of {} calls a day is used up", quota.calls);
            return Err(Failure::new(Code::QuotaExceeded, detail)
                .retry_after(decision.retry_after)
                .with_rate(decision));
        }
        state = state.or(Some(decision));
    }
    Ok(state)
}

/// What the request will hold: its body, twice while it is decoded from base64 or kept beside its result.
fn expected_bytes(request: &HttpRequest, service: &Service) -> Outcome<u64> {
    let limit = service.settings.load.max_upload_bytes;
    let length = match request.headers().get(header::CONTENT_LENGTH) {
        Some(length) => length
            .to_str()
            .ok()
            .and_then(|length| length.parse::<u64>().ok())
            .ok_or_else(|| Failure::new(Code::InvalidRequest, "Content-Length is not a number"))?,
        None if request.headers().contains_key(header::TRANSFER_ENCODING) => limit,
        None => 0,
    };
    // Multipart and base64 add to the picture's own bytes.
    if length > Form::body_limit(limit) {
        return Err(Form::too_large(limit));
    }
    Ok(length * 2)
}
