//! Sending a message to an address that a client named, under the same guard as fetching from one.

use std::time::Duration;

use reqwest::{StatusCode, header::CONTENT_TYPE};
use url::Url;

use super::{Fetcher, Refused, host, refused};
use crate::failure::Outcome;

/// A message that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undelivered {
    /// Whether trying again is of no use.
    pub lasting: bool,
    /// Why; names the host and its status, and no address behind its name.
    pub reason: String,
}

impl Fetcher {
    /// Whether an address may be sent to, as far as it tells by itself; what its name leads to is checked when it is
    /// connected to.
    ///
    /// # Errors
    ///
    /// [`Code::UrlRefused`](crate::failure::Code::UrlRefused)
    pub(crate) fn check(&self, url: &str) -> Outcome<()> {
        self.destinations.parse(url).map(drop).map_err(|reason| refused(&reason))
    }

    /// Posts JSON to `url` and waits for `timeout` at most; the status, if it is one of success. Redirects are not
    /// followed, and nothing of the answer but its status is read.
    pub(crate) async fn deliver(
        &self,
        url: &str,
        body: String,
        signature: &str,
        timeout: Duration,
    ) -> Result<u16, Undelivered> {
        let lasting = |reason: &Refused| Undelivered {
            lasting: true,
            reason: format!("the address may not be sent to: {reason}"),
        };
        let url = self.destinations.parse(url).map_err(|reason| lasting(&reason))?;
        let host = host(&url);
        let passing = |what: String| Undelivered { lasting: false, reason: format!("{host} {what}") };
        let sent = tokio::time::timeout(timeout, self.post(url, body, signature));
        let answer = sent.await.map_err(|_| passing("took too long to answer".to_owned()))?;
        let status = answer.map_err(|error| {
            if let Some(reason) = Refused::behind(&error) {
                return lasting(reason);
            }
            let error = anyhow::Error::from(error.without_url());
            tracing::info!(url.host = host, error = %format_args!("{error:#}"), "a message could not be sent");
            passing("cannot be reached".to_owned())
        })?;
        match status {
            _ if status.is_success() => Ok(status.as_u16()),
            StatusCode::GONE => {
                Err(Undelivered { lasting: true, reason: format!("{host} answered 410: it wants no more of them") })
            }
            _ => Err(passing(format!("answered {}", status.as_u16()))),
        }
    }

    async fn post(&self, url: Url, body: String, signature: &str) -> reqwest::Result<StatusCode> {
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json");
        let answer = request.header("X-Clearcut-Signature", signature).body(body).send().await?;
        Ok(answer.status())
    }
}
