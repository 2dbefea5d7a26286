//! Commands as HTTP requests.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use clearcut_cache::{TierError, TierErrorKind};
use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{TIER_NAME, UpstashConfig};
use crate::{error::answer_kind, tls};

/// Asks for base64 in replies: a value is bytes, and JSON would lose those that are no text.
const ENCODING: (HeaderName, HeaderValue) =
    (HeaderName::from_static("upstash-encoding"), HeaderValue::from_static("base64"));
/// Longest reply that is read. What one request could store is, in base64 twice over, well below it.
const REPLY_LIMIT_BYTES: usize = 32 << 20;

/// Speaks to one database.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    command: Url,
    pipeline: Url,
}

/// What a command answered.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Reply {
    /// It was refused.
    Error {
        /// As Redis says it.
        error: String,
    },
    /// It was done.
    Result {
        /// Strings in it are base64, but for a plain `OK`.
        result: Value,
    },
}

impl Client {
    pub(super) fn new(config: &UpstashConfig) -> Result<Self, TierError> {
        let misconfigured = |reason: &dyn std::fmt::Display| failed(TierErrorKind::Configuration, reason);
        let mut token = HeaderValue::try_from(format!("Bearer {}", config.token.expose_secret()))
            .map_err(|_| misconfigured(&"the token holds characters that no token has"))?;
        token.set_sensitive(true);
        let http = reqwest::Client::builder()
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, token), ENCODING]))
            .tls_backend_preconfigured(tls::client_config(TIER_NAME, &config.ca_certificates_pem)?)
            .timeout(config.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| misconfigured(&error))?;
        let pipeline = config.url.join("pipeline").map_err(|error| misconfigured(&error))?;
        Ok(Self { http, command: config.url.clone(), pipeline })
    }

    /// Runs one command.
    pub(super) async fn command(&self, command: &[&str]) -> Result<Reply, TierError> {
        let body = self.post(&self.command, &command).await?;
        parse::<Reply>(&body)?.accepted()
    }

    /// Runs several, in order. Fails where one does, after all of them ran.
    pub(super) async fn pipeline<const N: usize>(&self, commands: &[[&str; N]]) -> Result<Vec<Reply>, TierError>
    where
        for<'a> [&'a str; N]: Serialize,
    {
        let body = self.post(&self.pipeline, &commands).await?;
        let replies: Vec<Reply> = parse(&body)?;
        if replies.len() != commands.len() {
            return Err(failed(TierErrorKind::Other, &"not one reply for each command"));
        }
        replies.into_iter().map(Reply::accepted).collect()
    }

    async fn post(&self, url: &Url, body: &(impl Serialize + Sync)) -> Result<Bytes, TierError> {
        let response = self.http.post(url.clone()).json(body).send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let body = read(response).await?;
        if status.is_success() {
            return Ok(body);
        }
        let reason = match serde_json::from_slice(&body) {
            Ok(Reply::Error { error }) => error,
            _ => status.to_string(),
        };
        Err(failed(answer_kind(&reason).unwrap_or(status_kind(status)), &reason))
    }
}

/// The whole body, unless it is longer than anything we asked for.
async fn read(mut response: reqwest::Response) -> Result<Bytes, TierError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        if body.len() + chunk.len() > REPLY_LIMIT_BYTES {
            return Err(failed(TierErrorKind::Other, &format!("a reply over {REPLY_LIMIT_BYTES} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

impl Reply {
    fn accepted(self) -> Result<Self, TierError> {
        match self {
            Self::Error { error } => Err(failed(answer_kind(&error).unwrap_or(TierErrorKind::Other), &error)),
            Self::Result { .. } => Ok(self),
        }
    }

    fn value(self) -> Value {
        match self {
            Self::Result { result } => result,
            Self::Error { .. } => Value::Null,
        }
    }

    /// A string, or nothing.
    pub(super) fn bytes(self) -> Result<Option<Bytes>, TierError> {
        match self.value() {
            Value::Null => Ok(None),
            Value::String(text) => decode(&text).map(Some),
            _ => Err(not_understood()),
        }
    }

    /// A number.
    pub(super) fn count(self) -> Result<u64, TierError> {
        self.value().as_u64().ok_or_else(not_understood)
    }

    /// A cursor and keys.
    pub(super) fn page(self) -> Result<(String, Vec<String>), TierError> {
        let (cursor, keys): (Value, Vec<String>) =
            serde_json::from_value(self.value()).map_err(|_| not_understood())?;
        let text = |encoded: &str| String::from_utf8(decode(encoded)?.into()).map_err(|_| not_understood());
        let cursor = match cursor {
            Value::String(cursor) => text(&cursor)?,
            cursor => cursor.to_string(),
        };
        Ok((cursor, keys.iter().map(|key| text(key)).collect::<Result<_, _>>()?))
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, TierError> {
    serde_json::from_slice(body).map_err(|_| not_understood())
}

fn decode(text: &str) -> Result<Bytes, TierError> {
    STANDARD.decode(text).map(Bytes::from).map_err(|_| not_understood())
}

fn status_kind(status: StatusCode) -> TierErrorKind {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            TierErrorKind::Configuration
        }
        // Over the plan's rate, or over its quota: both end by themselves.
        StatusCode::TOO_MANY_REQUESTS => TierErrorKind::Unavailable,
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => TierErrorKind::Timeout,
        status if status.is_server_error() => TierErrorKind::Unavailable,
        _ => TierErrorKind::Other,
    }
}

fn unreachable(error: &reqwest::Error) -> TierError {
    let kind = if error.is_timeout() { TierErrorKind::Timeout } else { TierErrorKind::Unavailable };
    // The last cause says what happened; those before it say that a request was being sent, and where to.
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    failed(kind, &cause)
}

fn not_understood() -> TierError {
    failed(TierErrorKind::Other, &"a reply that is none of the Upstash REST API")
}

fn failed(kind: TierErrorKind, reason: &dyn std::fmt::Display) -> TierError {
    TierError::new(TIER_NAME, kind, reason)
}
