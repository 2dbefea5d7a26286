//! Who is signed in on the admin page: a random id in a cookie, and in a store its hash and the id of the key.

use std::{fmt, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time},
    http::Method,
};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::memory_sessions::MemorySessions;
use crate::{
    service::Service,
    trust::keys::{Holder, Role},
};

/// Of the cookie.
pub const COOKIE: &str = "clearcut_session";

/// Header that changes by cookie must carry, with this value: no form and no link of another site can send it.
pub const OWN_CALL: (&str, &str) = ("X-Requested-With", "clearcut");

/// Random bytes of a session's id.
const ID_BYTES: usize = 32;

/// Where sessions are kept. `id` is the hash of what the cookie holds, so that nobody can sign in with what is read
/// there.
#[async_trait]
pub trait SessionStore: fmt::Debug + Send + Sync {
    /// Keeps for `ttl` that the session `id` is that of the key `key_id`.
    async fn put(&self, id: &str, key_id: &str, ttl: Duration) -> Result<(), StoreDown>;

    /// The key of the session; `None` if it has ended.
    async fn get(&self, id: &str) -> Result<Option<String>, StoreDown>;

    /// Ends the session, if there is one.
    async fn remove(&self, id: &str) -> Result<(), StoreDown>;
}

/// The store does not answer. Sessions are none while this lasts, and are there again after it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sessions cannot be looked up at the moment: {0}")]
pub struct StoreDown(pub String);

/// Sessions by random id, in memory or in Redis.
#[derive(Debug, Clone)]
pub struct Sessions {
    store: Arc<dyn SessionStore>,
    ttl: Duration,
}

impl Sessions {
    /// Sessions that end with the process.
    pub fn in_memory(ttl: Duration) -> Self {
        Self::new(Arc::new(MemorySessions::default()), ttl)
    }

    /// Sessions in a store of their own, which several servers may share.
    pub fn new(store: Arc<dyn SessionStore>, ttl: Duration) -> Self {
        Self { store, ttl }
    }

    /// Who makes this request, by its cookie. Nobody, if it is to change something and lacks [`OWN_CALL`].
    pub async fn holder(&self, request: &HttpRequest) -> Option<Holder> {
        if !is_own(request) {
            return None;
        }
        self.find(request).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a session counts as signed out");
            None
        })
    }

    /// Who is signed in with the cookie of this request. A session is none once its key is revoked or no admin's.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn find(&self, request: &HttpRequest) -> Result<Option<Holder>, StoreDown> {
        let Some(id) = shown_id(request) else { return Ok(None) };
        let Some(service) = request.app_data::<actix_web::web::Data<Service>>() else { return Ok(None) };
        let Some(key_id) = self.store.get(&hashed(&id)).await? else { return Ok(None) };
        Ok(service.keys.holder(&key_id).filter(|holder| holder.role == Role::Admin))
    }

    /// Begins a session of `holder`; the cookie is for their browser.
    pub(super) async fn begin(&self, request: &HttpRequest, holder: &Holder) -> anyhow::Result<Cookie<'static>> {
        let mut id = [0; ID_BYTES];
        SystemRandom::new().fill(&mut id).map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
        let id = URL_SAFE_NO_PAD.encode(id);
        self.store.put(&hashed(&id), &holder.id, self.ttl).await?;
        let ttl = time::Duration::try_from(self.ttl).unwrap_or(time::Duration::MAX);
        Ok(Cookie::build(COOKIE, id)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(request.connection_info().scheme() == "https")
            .max_age(ttl)
            .finish())
    }

    /// Ends the session of this request, if it has one.
    pub(super) async fn end(&self, request: &HttpRequest) -> Result<(), StoreDown> {
        match shown_id(request) {
            Some(id) => self.store.remove(&hashed(&id)).await,
            None => Ok(()),
        }
    }
}

/// Whether the request only reads, or comes from a page of this server.
pub(super) fn is_own(request: &HttpRequest) -> bool {
    let (name, value) = OWN_CALL;
    matches!(*request.method(), Method::GET | Method::HEAD)
        || request.headers().get(name).is_some_and(|sent| sent.as_bytes() == value.as_bytes())
}

/// What the cookie holds, where it can be an id.
fn shown_id(request: &HttpRequest) -> Option<String> {
    let cookie = request.cookie(COOKIE)?;
    let id = URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
    (id.len() == ID_BYTES).then(|| cookie.value().to_owned())
}

fn hashed(id: &str) -> String {
    blake3::hash(id.as_bytes()).to_hex().to_string()
}
